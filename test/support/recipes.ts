import {
  ChatDocument,
  ChatStreamDocument,
  CreateContextDocument,
  ResumeChatDocument,
} from 'graphql-context-cache-client';
import WebSocket from 'ws';
import { createApolloClient, webSocketLink } from '../../examples/recipes/apollo-client.js';
import {
  type ContextClient,
  follow,
  type Position,
  type StreamResult,
} from '../../examples/recipes/conversation.js';
import { createFetchClient } from '../../examples/recipes/fetch.js';
import { createRelayNetwork } from '../../examples/recipes/relay.js';
import { createUrqlClient } from '../../examples/recipes/urql.js';

// Browsers have it; Node only from 22 on.
globalThis.WebSocket ??= WebSocket as never;

/** What a frontend that copied a recipe has. */
export const RECIPES: [string, (url: string, authorization?: string) => ContextClient][] = [
  ['fetch', createFetchClient],
  ['urql', createUrqlClient],
  ['Apollo Client with server-sent events', createApolloClient],
  [
    'Apollo Client with a WebSocket',
    (url, authorization) => createApolloClient(url, authorization, webSocketLink(url, authorization)),
  ],
  ['Relay', createRelayClient],
];

/** The network as Relay's environment calls it, with what its compiler makes of a document. */
function createRelayClient(url: string, authorization?: string): ContextClient {
  const network = createRelayNetwork(url, authorization);
  const execute = (operation: { toString(): string }, operationKind: string, variables: object) => {
    const request = {
      id: null,
      cacheID: '',
      name: 'Any',
      metadata: {},
      text: operation.toString(),
      operationKind,
    };
    return network.execute(request as never, { ...variables }, { force: true });
  };
  const run = async (operation: { toString(): string }, input: object) => {
    const response = await execute(operation, 'mutation', { input }).toPromise();
    return (response as { data: Record<string, never> }).data;
  };
  return {
    createContext: async (input) => (await run(CreateContextDocument, input)).createContext as never,
    chat: async (input) => (await run(ChatDocument, input)).chat as never,
    chatStream: (input, ...others) => stream(ChatStreamDocument, { input }, ...others),
    resumeChat(position, onText, signal) {
      const variables = { runId: position.runId, after: position.seq };
      return stream(ResumeChatDocument, variables, onText, signal, position);
    },
  };

  function stream(
    operation: { toString(): string },
    variables: object,
    onText: (text: string) => void,
    signal?: AbortSignal,
    position?: Position,
  ) {
    return follow(
      (next, fail) => {
        const answer = execute(operation, 'subscription', variables);
        const { unsubscribe } = answer.subscribe({
          next: (result) => next(result as StreamResult),
          error: fail,
        });
        return unsubscribe;
      },
      onText,
      signal,
      position,
    );
  }
}
