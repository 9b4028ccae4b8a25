/**
 * npm install graphql-context-cache-client relay-runtime graphql graphql-sse
 *
 * The network layer, for `new Environment({ network, store })`. relay-compiler reads the server’s schema.
 */
import { ContextCacheError, type ErrorExtensions } from 'graphql-context-cache-client';
import { createClient as createStreams } from 'graphql-sse';
import {
  type FetchFunction,
  type GraphQLResponse,
  Network,
  Observable,
  type SubscribeFunction,
} from 'relay-runtime';

export function createRelayNetwork(url: string, headers: Record<string, string> = {}) {
  // A retry would send, and bill, the question twice.
  const streams = createStreams({ url, headers, retryAttempts: 0 });

  const fetchOperation: FetchFunction = ({ text }, variables) =>
    Observable.create((sink) => {
      const controller = new AbortController();
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
        body: JSON.stringify({ query: text, variables }),
        signal: controller.signal,
      })
        .then(async (response) => {
          sink.next(checked(await response.json()));
          sink.complete();
        })
        .catch((error) => sink.error(error));
      return () => controller.abort();
    });

  const subscribe: SubscribeFunction = ({ text }, variables) =>
    Observable.create((sink) =>
      streams.subscribe<GraphQLResponse>(
        { query: text ?? '', variables },
        {
          next: (result) => sink.next(checked(result as GraphQLResponse)),
          error: (error) => sink.error(error as Error),
          complete: () => sink.complete(),
        },
      ),
    );

  return Network.create(fetchOperation, subscribe);
}

/** Relay's own error has no code; `onError` of a mutation or subscription gets this one instead. */
function checked(response: GraphQLResponse): GraphQLResponse {
  const [first] = ('errors' in response && response.errors) || [];
  if (!first) return response;
  const { extensions } = first as { extensions?: ErrorExtensions };
  throw new ContextCacheError(
    first.message,
    extensions ?? { code: 'INTERNAL_SERVER_ERROR', retryable: false },
  );
}
