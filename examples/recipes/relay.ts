/** Relay's network layer, for `new Environment({ network, store })`. relay-compiler reads the package's schema. */
import { createClient as createStreams } from 'graphql-sse';
import {
  type FetchFunction,
  type GraphQLResponse,
  Network,
  Observable,
  type SubscribeFunction,
} from 'relay-runtime';
import { throwErrors } from './conversation.js';

export function createRelayNetwork(url: string, authorization?: string) {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
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
  if ('errors' in response) throwErrors(response.errors);
  return response;
}
