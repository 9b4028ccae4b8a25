import { once } from 'node:events';
import type { Seen } from './graphql-js.js';
import type { SentOperation } from './random-operations.js';
import type { AnsweredError, TestServer } from './server.js';
import { messages, openSocket } from './ways-in.js';

/** null: refused before anything ran. */
export type Results = Seen[] | null;

interface Transport extends AsyncDisposable {
  run(sent: SentOperation): Promise<Results>;
}

interface Result {
  data?: unknown;
  errors?: AnsweredError[];
}

/** Every result of an operation, by the transport that brings it; subscriptions over plain HTTP come as events. */
export const resultsOver: Record<string, (server: TestServer) => Promise<Transport>> = {
  HTTP: async (server) =>
    stateless((sent) => post(server, sent, isSubscription(sent) ? 'text/event-stream' : 'application/json')),
  'server-sent events': async (server) => stateless((sent) => post(server, sent, 'text/event-stream')),
  'a WebSocket': async (server) => {
    const socket = await openSocket(server);
    const heard = messages(socket);
    let id = 0;
    return {
      async run(sent) {
        id += 1;
        socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: sent }));
        const results: Result[] = [];
        for (;;) {
          const { value: message } = await heard.next();
          if (message?.type === 'next') results.push(message.payload as Result);
          if (message?.type === 'error') return null;
          if (message?.type === 'complete') return toResults(results);
        }
      },
      async [Symbol.asyncDispose]() {
        const closed = once(socket, 'close');
        socket.close();
        await closed;
      },
    };
  },
};

function stateless(run: Transport['run']): Transport {
  return { run, [Symbol.asyncDispose]: async () => undefined };
}

function isSubscription({ query }: SentOperation): boolean {
  return query.startsWith('subscription');
}

async function post(server: TestServer, sent: SentOperation, accept: string): Promise<Results> {
  const headers = { 'content-type': 'application/json', accept };
  const response = await fetch(server.url, { method: 'POST', headers, body: JSON.stringify(sent) });
  const text = await response.text();
  if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
    return toResults([JSON.parse(text)]);
  const events = [...text.matchAll(/^event: next\ndata: (.*)$/gm)];
  return toResults(events.map(([, event]) => JSON.parse(event ?? '')));
}

/** A result without `data` was refused, or is a subscription that could not begin. */
function toResults(results: Result[]): Results {
  if (results.some((result) => !('data' in result) && result.errors?.every(({ path }) => path === undefined)))
    return null;
  return results.map(({ data, errors = [] }) => ({
    data: data ?? null,
    errors: errors.map(({ path, extensions }) => ({ path, code: extensions.code })),
  }));
}
