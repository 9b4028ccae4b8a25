/** Apollo Client 4. Streams use a separate link: `graphql-sse` or `graphql-ws`. */
import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
  Observable,
  type OperationVariables,
  type TypedDocumentNode,
} from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode, print } from 'graphql';
import {
  ChatDocument,
  ChatStreamDocument,
  CreateContextDocument,
  ResumeChatDocument,
  type TypedDocumentString,
} from 'graphql-context-cache-client';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import {
  type ContextClient,
  CUT_OFF,
  follow,
  type Position,
  type StreamResult,
  throwErrors,
} from './conversation.js';

function typed<TData, TVariables extends OperationVariables>(
  operation: TypedDocumentString<TData, TVariables>,
): TypedDocumentNode<TData, TVariables> {
  return gql(operation.toString());
}

/** Server-sent events: one request per stream, with the same headers as all other requests. */
export function sseLink(url: string, authorization?: string): ApolloLink {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  // A retry would send, and bill, the question twice.
  const streams = createSseClient({ url, headers, retryAttempts: 0 });
  return new ApolloLink(
    ({ query, variables }) =>
      new Observable((sink) =>
        streams.subscribe<ApolloLink.Result['data'] & object>(
          { query: print(query), variables },
          sink as never,
        ),
      ),
  );
}

/** WebSocket: one connection for all streams, with the credential as a connection parameter. */
export function webSocketLink(url: string, authorization?: string): ApolloLink {
  const connectionParams = { authorization };
  return new GraphQLWsLink(
    createWsClient({ url: url.replace(/^http/, 'ws'), connectionParams, retryAttempts: 0 }),
  );
}

export function createApolloClient(
  url: string,
  authorization?: string,
  streams = sseLink(url, authorization),
): ContextClient {
  const http = new HttpLink({ uri: url, headers: { ...(authorization && { authorization }) } });
  const isStream = ({ operationType }: ApolloLink.Operation) =>
    operationType === OperationTypeNode.SUBSCRIPTION;
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(isStream, streams, http),
  });
  return {
    createContext: async (input) => (await run(CreateContextDocument, { input })).createContext,
    chat: async (input) => (await run(ChatDocument, { input })).chat,
    chatStream: (input, ...others) => stream(ChatStreamDocument, { input }, ...others),
    resumeChat(position, onText, signal) {
      const variables = { runId: position.runId, after: position.seq };
      return stream(ResumeChatDocument, variables, onText, signal, position);
    },
  };

  function stream<TData extends StreamResult['data'], TVariables extends OperationVariables>(
    operation: TypedDocumentString<TData, TVariables>,
    variables: TVariables,
    onText: (text: string) => void,
    signal?: AbortSignal,
    position?: Position,
  ) {
    const results = client.subscribe<TData, OperationVariables>({
      query: typed(operation),
      variables,
      fetchPolicy: 'no-cache',
    });
    return follow(
      (next, fail) => {
        const subscription = results.subscribe({
          next: ({ data, error }) => {
            if (error && !CombinedGraphQLErrors.is(error)) fail(error);
            else next({ data: data as TData, errors: error?.errors });
          },
          error: fail,
          complete: () => fail(CUT_OFF),
        });
        return () => subscription.unsubscribe();
      },
      onText,
      signal,
      position,
    );
  }

  async function run<TData, TVariables extends OperationVariables>(
    operation: TypedDocumentString<TData, TVariables>,
    variables: TVariables,
  ): Promise<TData> {
    try {
      const { data } = await client.mutate<TData, OperationVariables>({
        mutation: typed(operation),
        variables,
      });
      return data as TData;
    } catch (error) {
      if (CombinedGraphQLErrors.is(error)) throwErrors(error.errors);
      throw error;
    }
  }
}
