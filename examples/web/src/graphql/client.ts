import { createClient as createStreams } from 'graphql-sse';
import { Client, fetchExchange, subscriptionExchange } from 'urql';

const url = '/graphql';

/** Queries and mutations as JSON, subscriptions as server-sent events, with or without a credential. */
export function createClient(credential: string): Client {
  const headers: Record<string, string> = credential === '' ? {} : { authorization: `Bearer ${credential}` };
  // Asking again would send the question twice, so that is left to the person who asked.
  const streams = createStreams({ url, headers, retryAttempts: 0 });
  return new Client({
    url,
    // A GET would put the variables into the server's access logs.
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
