import { answer, type FaultyUpstream, say } from './faulty-upstream.js';
import { type AnsweredError, TestServer } from './server.js';
import { collect, QUESTION, TRANSPORTS } from './streams.js';

export const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';
export const SEED = { model: 'm', messages: [{ content: 'hello' }] };

/** One way in: the errors that a caller gets there. */
export type Door = (server: TestServer, headers?: Record<string, string>) => Promise<AnsweredError[]>;

export const create: Door = async (server, headers) =>
  (await server.query(CREATE, { input: SEED }, headers)).errors;
export const chat: Door = async (server, headers) =>
  (await server.query(CHAT, { input: QUESTION }, headers)).errors;
export const chatStream: Door = async (server, headers) => {
  const client = TRANSPORTS[0]?.[1](server, headers?.authorization);
  if (!client) throw new Error('there is no transport');
  try {
    return (await collect(client.open())).errors;
  } finally {
    client.close();
  }
};

/** The server in front of this gateway, holding the session that the doors ask; the gateway then counts from nothing. */
export async function serverBefore(
  upstream: FaultyUpstream,
  env: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<TestServer> {
  const server = await TestServer.before(upstream, env);
  const { fault } = upstream;
  const created = { id: QUESTION.contextId, mode: 'session', ttl: 3600 };
  upstream.fault = say(answer(200, created, { connection: 'close' }));
  expect(await create(server, headers)).toEqual([]);
  upstream.fault = fault;
  upstream.requests.length = 0;
  upstream.connections = 0;
  return server;
}
