import { createClient as createStreams } from 'graphql-sse';
import { Client, fetchExchange, subscriptionExchange } from 'urql';

const url = '/graphql';

/** Sends queries and mutations as JSON and subscriptions as server-sent events, with an optional credential. */
export function createClient(credential: string): Client {
  const headers: Record<string, string> = credential === '' ? {} : { authorization: `Bearer ${credential}` };
  // A retry would send the question twice, so the user decides.
  const streams = createStreams({ url, headers, retryAttempts: 0 });
  return new Client({
    url,
    // With GET the variables would end up in the server's access logs.
    preferGetMethod: false,
    fetchOptions: { headers: { accept: 'application/graphql-response+json, application/json', ...headers } },
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
