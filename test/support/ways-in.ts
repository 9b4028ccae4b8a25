import { once } from 'node:events';
import WebSocket from 'ws';
import type { AnsweredError } from './server.js';

/** A server, in this process or in another. */
export interface Place {
  url: string;
}

/** What a client sends as one operation, whether it is fit to be one or not. */
export type Sent = Record<string, unknown>;

export interface Outcome {
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  data: any;
  errors: AnsweredError[];
}

/** `write`: makes JSON of what is sent; JSON.stringify where it is left out. */
export type Ask = (
  server: Place,
  sent: Sent,
  authorization?: string,
  write?: (sent: unknown) => string,
) => Promise<Outcome>;

const overHttp: Ask = async (server, sent, authorization, write = JSON.stringify) => {
  const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) };
  const response = await fetch(server.url, { method: 'POST', headers, body: write(sent) });
  return toOutcome([(await response.json()) as Outcome]);
};

const overEvents: Ask = async (server, sent, authorization, write = JSON.stringify) => {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(authorization && { authorization }),
    },
    body: write(sent),
  });
  const text = await response.text();
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  const results = isStream
    ? [...text.matchAll(/^event: next\ndata: (.*)$/gm)].map(([, json]) => json)
    : [text];
  return toOutcome(results.map((json) => JSON.parse(json ?? '')));
};

const overWebSocket: Ask = async (server, sent, authorization, write = JSON.stringify) => {
  const socket = await openSocket(server, authorization ? { authorization } : {});
  const { query = '', ...rest } = sent;
  const results: Outcome[] = [];
  socket.send(write({ id: '1', type: 'subscribe', payload: { query, ...rest } }));
  for await (const message of messages(socket)) {
    if (message.type === 'next') results.push(message.payload as Outcome);
    if (message.type === 'error')
      results.push({ data: undefined, errors: message.payload as AnsweredError[] });
    if (message.type !== 'next') break;
  }
  socket.close();
  return toOutcome(results);
};

/** The same operation through each transport, written out here so that unfit ones can be sent, too. */
export const WAYS: [string, Ask][] = [
  ['HTTP', overHttp],
  ['server-sent events', overEvents],
  ['a WebSocket', overWebSocket],
];

function toOutcome(results: Partial<Outcome>[]): Outcome {
  const data = results.map((result) => result.data).filter((one) => one !== undefined);
  return { data: data.at(-1), errors: results.flatMap(({ errors = [] }) => errors) };
}

/** A WebSocket that has been let in. */
export async function openSocket(server: Place, payload: object = {}): Promise<WebSocket> {
  const socket = rawSocket(server);
  await once(socket, 'open');
  const acknowledged = once(socket, 'message');
  socket.send(JSON.stringify({ type: 'connection_init', payload }));
  await acknowledged;
  return socket;
}

export function rawSocket(server: Place, headers: Record<string, string> = {}): WebSocket {
  return new WebSocket(server.url.replace('http:', 'ws:'), 'graphql-transport-ws', { headers });
}

export interface Message {
  id?: string;
  type: string;
  payload?: unknown;
}

export async function* messages(socket: WebSocket): AsyncGenerator<Message> {
  const waiting: Message[] = [];
  let wake: () => void = () => undefined;
  let isClosed = false;
  socket.on('message', (data) => {
    waiting.push(JSON.parse(String(data)));
    wake();
  });
  socket.on('close', () => {
    isClosed = true;
    wake();
  });
  for (;;) {
    yield* waiting.splice(0);
    if (isClosed) return;
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (waiting.length > 0 || isClosed) resolve();
    });
  }
}
