/** npm install graphql-context-cache-client @apollo/client graphql rxjs graphql-sse graphql-ws */
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
import type { ClientErrorCode, TypedDocumentString } from 'graphql-context-cache-client';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';

/** A document of the package, parsed as Apollo Client needs it, with its types. */
export function typed<TData, TVariables extends OperationVariables>(
  document: TypedDocumentString<TData, TVariables>,
): TypedDocumentNode<TData, TVariables> {
  return gql(document.toString());
}

/** Server-sent events: one request per stream. */
export function sseLink(url: string, headers: Record<string, string> = {}): ApolloLink {
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

/** One WebSocket for all streams, with the headers as connection parameters. */
export function webSocketLink(url: string, headers: Record<string, string> = {}): ApolloLink {
  return new GraphQLWsLink(
    createWsClient({ url: url.replace(/^http/, 'ws'), connectionParams: headers, retryAttempts: 0 }),
  );
}

export function createApolloClient(
  url: string,
  headers: Record<string, string> = {},
  streams = sseLink(url, headers),
): ApolloClient {
  const http = new HttpLink({ uri: url, headers });
  const isStream = ({ operationType }: ApolloLink.Operation) =>
    operationType === OperationTypeNode.SUBSCRIPTION;
  return new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(isStream, streams, http),
  });
}

export function codeOf(error: unknown): ClientErrorCode {
  if (!CombinedGraphQLErrors.is(error)) return 'NETWORK_ERROR';
  return error.errors[0]?.extensions?.code as ClientErrorCode;
}
