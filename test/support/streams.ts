import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import WebSocket from 'ws';
import type { AnsweredError } from './server.js';

export interface StreamResult {
  data?: { chatStream: StreamEvent } | null;
  errors?: AnsweredError[];
}

export type StreamEvent = { __typename: 'ChatDelta' | 'ChatDone' | 'ChatFailure' } & Record<string, unknown>;

export const CHAT_STREAM = `subscription ($input: ChatInput!) {
  chatStream(input: $input) {
    __typename
    ... on ChatDelta { index role content reasoningContent finishReason }
    ... on ChatDone {
      id model created
      usage { promptTokens completionTokens promptTokensDetails { cachedTokens } }
      context { id expiresAt }
    }
    ... on ChatFailure { code message retryable retryAfter }
  }
}`;

export const QUESTION = {
  contextId: 'ctx-1',
  model: 'Doubao-1.5-pro-32k',
  messages: [{ role: 'USER', content: 'hello' }],
};

export interface StreamClient {
  open(input?: object): AsyncIterableIterator<StreamResult>;
  close(): void;
}

/** The clients that frontends use, one for each streaming transport. */
export const TRANSPORTS: [string, (server: { url: string }, authorization?: string) => StreamClient][] = [
  [
    'server-sent events',
    (server, authorization) => {
      const headers = authorization === undefined ? {} : { authorization };
      const client = createSseClient({ url: server.url, headers, retryAttempts: 0 });
      return {
        open: (input = QUESTION) => iterate(client.iterate({ query: CHAT_STREAM, variables: { input } })),
        close: () => client.dispose(),
      };
    },
  ],
  [
    'a WebSocket',
    (server, authorization) => {
      const client = createWsClient({
        url: server.url.replace('http:', 'ws:'),
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        ...(authorization !== undefined && { connectionParams: { authorization } }),
      });
      return {
        open: (input = QUESTION) => iterate(client.iterate({ query: CHAT_STREAM, variables: { input } })),
        close: () => void client.dispose(),
      };
    },
  ],
];

function iterate(results: unknown): AsyncIterableIterator<StreamResult> {
  return results as AsyncIterableIterator<StreamResult>;
}

/** Every event until the stream ends; the errors of a stream that never began. */
export async function collect(results: AsyncIterable<StreamResult>) {
  const events: StreamEvent[] = [];
  const errors: AnsweredError[] = [];
  for await (const result of results) {
    if (result.data) events.push(result.data.chatStream);
    errors.push(...(result.errors ?? []));
  }
  const text = events.map(({ content }) => content ?? '').join('');
  return { events, errors, text, last: events.at(-1) };
}
