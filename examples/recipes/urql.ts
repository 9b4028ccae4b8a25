/** `@urql/core` (`urql` for React works the same), with `graphql-sse` for streams. */
import {
  type AnyVariables,
  Client,
  fetchExchange,
  gql,
  type OperationResult,
  subscriptionExchange,
} from '@urql/core';
import {
  ChatDocument,
  ChatStreamDocument,
  CreateContextDocument,
  ResumeChatDocument,
  type TypedDocumentString,
} from 'graphql-context-cache-client';
import { createClient as createStreams } from 'graphql-sse';
import { type ContextClient, follow, type Position, type StreamResult, throwErrors } from './conversation.js';

function typed<TData, TVariables extends AnyVariables>(operation: TypedDocumentString<TData, TVariables>) {
  return gql<TData, TVariables>(operation.toString());
}

export function createUrqlClient(url: string, authorization?: string): ContextClient {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  // A retry would send, and bill, the question twice.
  const streams = createStreams({ url, headers, retryAttempts: 0 });
  const client = new Client({
    url,
    // With GET the variables would end up in access logs.
    preferGetMethod: false,
    fetchOptions: { headers },
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables = {} }) => ({
          subscribe: (sink) => ({ unsubscribe: streams.subscribe({ query, variables }, sink) }),
        }),
      }),
    ],
  });
  return {
    async createContext(input) {
      return dataOf(await client.mutation(typed(CreateContextDocument), { input })).createContext;
    },
    async chat(input) {
      return dataOf(await client.mutation(typed(ChatDocument), { input })).chat;
    },
    chatStream: (input, ...others) => stream(ChatStreamDocument, { input }, ...others),
    resumeChat(position, onText, signal) {
      const variables = { runId: position.runId, after: position.seq };
      return stream(ResumeChatDocument, variables, onText, signal, position);
    },
  };

  function stream<TData extends StreamResult['data'], TVariables extends AnyVariables>(
    operation: TypedDocumentString<TData, TVariables>,
    variables: TVariables,
    onText: (text: string) => void,
    signal?: AbortSignal,
    position?: Position,
  ) {
    const results = client.subscription(typed(operation), variables);
    return follow(
      (next, fail) =>
        results.subscribe(({ data, error }) => {
          if (error?.networkError) fail(error.networkError);
          else next({ data, errors: error?.graphQLErrors });
        }).unsubscribe,
      onText,
      signal,
      position,
    );
  }
}

function dataOf<TData>({ data, error }: OperationResult<TData, AnyVariables>): TData {
  throwErrors(error?.graphQLErrors);
  if (error) throw error;
  return data as TData;
}
