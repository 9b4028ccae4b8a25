/**
 * npm install graphql-context-cache-client @urql/core graphql graphql-sse
 *
 * `urql` for React and its siblings work the same.
 */
import {
  type AnyVariables,
  Client,
  type CombinedError,
  fetchExchange,
  gql,
  subscriptionExchange,
} from '@urql/core';
import type { ClientErrorCode, TypedDocumentString } from 'graphql-context-cache-client';
import { createClient as createStreams } from 'graphql-sse';

/** A document of the package, parsed as urql needs it, with its types. */
export function typed<TData, TVariables extends AnyVariables>(
  document: TypedDocumentString<TData, TVariables>,
) {
  return gql<TData, TVariables>(document.toString());
}

export function createUrqlClient(url: string, headers: Record<string, string> = {}): Client {
  // A retry would send, and bill, the question twice.
  const streams = createStreams({ url, headers, retryAttempts: 0 });
  return new Client({
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
}

export function codeOf({ graphQLErrors: [first] }: CombinedError): ClientErrorCode {
  return first ? (first.extensions.code as ClientErrorCode) : 'NETWORK_ERROR';
}
