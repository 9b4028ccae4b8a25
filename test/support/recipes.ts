import { CombinedError } from '@urql/core';
import { ContextCacheError, type TypedDocumentString } from 'graphql-context-cache-client';
import WebSocket from 'ws';
import * as apollo from '../../examples/recipes/apollo-client.js';
import { createRelayNetwork } from '../../examples/recipes/relay.js';
import * as urql from '../../examples/recipes/urql.js';

// Browsers have it; Node only from 22 on.
globalThis.WebSocket ??= WebSocket as never;

export type Headers = Record<string, string>;

/** A library as a frontend that copied its recipe uses it. */
export interface Library {
  /** Rejects with the library's own error. */
  mutate<TData>(document: TypedDocumentString<TData, never>, variables: object): Promise<TData>;
  /** Returns what closes the stream. */
  subscribe<TData>(
    document: TypedDocumentString<TData, never>,
    variables: object,
    sink: { next(data: TData): void; error(error: unknown): void; complete(): void },
  ): () => void;
  codeOf(error: unknown): string;
}

export const LIBRARIES: [string, (url: string, headers?: Headers) => Library][] = [
  ['urql', withUrql],
  ['Apollo Client with server-sent events', (url, headers) => withApollo(url, headers)],
  [
    'Apollo Client with a WebSocket',
    (url, headers) => withApollo(url, headers, apollo.webSocketLink(url, headers)),
  ],
  ['Relay', withRelay],
];

function withUrql(url: string, headers?: Headers): Library {
  const client = urql.createUrqlClient(url, headers);
  return {
    async mutate(document, variables) {
      const { data, error } = await client.mutation(urql.typed(document), variables as never);
      if (error) throw error;
      return data as never;
    },
    subscribe: (document, variables, sink) =>
      client.subscription(urql.typed(document), variables as never).subscribe(({ data, error, hasNext }) => {
        if (error) sink.error(error);
        else if (data) sink.next(data);
        if (hasNext === false) sink.complete();
      }).unsubscribe,
    codeOf: (error) => (error instanceof CombinedError ? urql.codeOf(error) : String(error)),
  };
}

function withApollo(url: string, headers?: Headers, streams?: ReturnType<typeof apollo.sseLink>): Library {
  const client = apollo.createApolloClient(url, headers, streams);
  return {
    async mutate(document, variables) {
      const { data } = await client.mutate({
        mutation: apollo.typed(document),
        variables: variables as never,
      });
      return data as never;
    },
    subscribe(document, variables, sink) {
      const results = client.subscribe({
        query: apollo.typed(document),
        variables: variables as never,
        fetchPolicy: 'no-cache',
      });
      const next = ({ data, error }: { data?: unknown; error?: unknown }) =>
        error ? sink.error(error) : sink.next(data as never);
      const subscription = results.subscribe({ ...sink, next });
      return () => subscription.unsubscribe();
    },
    codeOf: apollo.codeOf,
  };
}

/** The network as Relay's environment calls it, with what its compiler makes of a document. */
function withRelay(url: string, headers?: Headers): Library {
  const network = createRelayNetwork(url, headers);
  const execute = (document: { toString(): string }, operationKind: string, variables: object) => {
    const text = document.toString();
    const request = { id: null, cacheID: '', name: 'Any', metadata: {}, text, operationKind };
    return network.execute(request as never, { ...variables }, { force: true });
  };
  return {
    async mutate(document, variables) {
      const response = await execute(document, 'mutation', variables).toPromise();
      return (response as { data: never }).data;
    },
    subscribe(document, variables, sink) {
      const next = (response: unknown) => sink.next((response as { data: never }).data);
      const { unsubscribe } = execute(document, 'subscription', variables).subscribe({ ...sink, next });
      return unsubscribe;
    },
    codeOf: (error) => (error instanceof ContextCacheError ? error.code : 'NETWORK_ERROR'),
  };
}
