import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';
import { SqliteStore } from '../src/store/sqlite/store.js';
import { beginStream, CHAT_ANSWER, chunk, DONE, USAGE } from './support/chat-answers.js';
import { eventually } from './support/eventually.js';
import { SERVER_KEY, TestServer } from './support/server.js';
import { ServerProcess } from './support/server-process.js';
import { SilentServer } from './support/silent-server.js';
import { type Answer, CREATED, json, StandIn } from './support/stand-in.js';
import { CHAT_STREAM, collect, QUESTION, TRANSPORTS } from './support/streams.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';
const REFUSED = {
  errors: [{ message: expect.any(String), extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: true } }],
};
/** A grace time that no test waits for. */
const LONG = { SHUTDOWN_GRACE_MS: '600000' };

const folder = mkdtempSync(join(tmpdir(), 'ending-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Answers creations; chats begin, and wait until they are told to finish. */
async function hesitantGateway() {
  let created = 0;
  const finish: (() => void)[] = [];
  const gateway = await StandIn.start((response, _, { path, body }) => {
    if (path === '/v1/context/create') return json(response, 200, { ...CREATED, id: `ctx-${++created}` });
    if (body.includes('"stream":true')) {
      beginStream(response).write(chunk({ content: 'Hello' }));
      finish.push(() => response.end(chunk({ content: ' there' }) + chunk({}, 'stop') + USAGE + DONE));
    } else finish.push(() => json(response, 200, CHAT_ANSWER));
  });
  return { gateway, finishAll: () => finish.splice(0).forEach((one) => void one()) };
}

/** A stream over each transport that has begun, and a chat that waits. */
async function beginWork(server: ServerProcess, gateway: StandIn) {
  const ids: string[] = [];
  for (const _ of [1, 2, 3]) {
    const input = { model: 'm', messages: [{ content: 'persona' }] };
    ids.push((await server.ask(CREATE, { input })).data.createContext.id);
  }
  const before = gateway.seen.length;
  const chat = server.ask(CHAT, { input: { ...QUESTION, contextId: ids[2] } });
  const clients = TRANSPORTS.map(([, open]) => open(server));
  const streams = clients.map((client, at) => client.open({ ...QUESTION, contextId: ids[at] }));
  for (const stream of streams) expect((await stream.next()).value.data.chatStream.content).toBe('Hello');
  await eventually(() => gateway.seen.length === before + 3);
  const close = () => clients.forEach((client) => void client.close());
  return { chat, streams, close };
}

async function refusalOfUpgrade(url: string): Promise<string> {
  const socket = new WebSocket(url.replace('http:', 'ws:'), 'graphql-transport-ws');
  const [error] = await once(socket, 'error');
  return error.message;
}

describe('a server that gets SIGTERM', () => {
  it('is no longer ready, refuses new work, finishes running work, closes its store and exits with 0', async () => {
    const { gateway, finishAll } = await hesitantGateway();
    await using _ = gateway;
    const file = join(folder, 'finishes.db');
    await using server = await ServerProcess.before(gateway, `sqlite:${file}`, LONG);
    const { chat, streams, close } = await beginWork(server, gateway);
    const socket = new WebSocket(server.url.replace('http:', 'ws:'), 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');

    server.child.kill('SIGTERM');
    await server.untilReady(503);
    expect((await fetch(`${server.origin}/healthz`)).status).toBe(200);
    for (const accept of ['application/json', 'text/event-stream']) {
      const refused = await server.send('{ models { id } }', {}, { accept });
      expect(refused.status).toBe(503);
      expect(refused.headers.get('connection')).toBe('close');
      expect(await refused.json()).toMatchObject(REFUSED);
    }
    const payload = { query: CHAT_STREAM, variables: { input: QUESTION } };
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
    const [said] = await once(socket, 'message');
    expect(JSON.parse(said)).toMatchObject({ type: 'error', payload: REFUSED.errors });
    expect(await refusalOfUpgrade(server.url)).toContain('503');

    finishAll();
    expect(await chat).toEqual({ data: { chat: { id: CHAT_ANSWER.id } } });
    for (const stream of streams) {
      expect(await collect(stream)).toMatchObject({ text: ' there', last: { __typename: 'ChatDone' } });
    }
    close();
    expect(await server.exitCode()).toBe(0);
    // The file alone, without its write-ahead log.
    copyFileSync(file, `${file}.copy`);
    const store = new SqliteStore(`${file}.copy`);
    expect(await store.usage('anonymous', 0, Date.now())).toMatchObject([{ contexts: 3, chats: 3 }]);
    await store.close();
  });

  it('aborts after SHUTDOWN_GRACE_MS: streams with a ChatFailure, chats with an error', async () => {
    const { gateway } = await hesitantGateway();
    await using _ = gateway;
    const env = { SHUTDOWN_GRACE_MS: '50' };
    await using server = await ServerProcess.before(gateway, 'sqlite::memory:', env);
    const { chat, streams, close } = await beginWork(server, gateway);
    server.child.kill('SIGTERM');
    const [failure] = REFUSED.errors.map(({ extensions }) => extensions);
    for (const stream of streams) {
      expect((await collect(stream)).events).toMatchObject([{ __typename: 'ChatFailure', ...failure }]);
    }
    expect(await chat).toMatchObject(REFUSED);
    close();
    expect(await server.exitCode()).toBe(0);
  });

  it('exits at once on a second signal', async () => {
    const { gateway } = await hesitantGateway();
    await using _ = gateway;
    await using server = await ServerProcess.before(gateway, 'sqlite::memory:', LONG);
    const { chat, streams, close } = await beginWork(server, gateway);
    const cut = expect(chat).rejects.toThrow();
    server.child.kill('SIGTERM');
    await server.untilReady(503);
    server.child.kill('SIGINT');
    expect(await server.exitCode()).toBe(1);
    await cut;
    for (const stream of streams) await collect(stream).catch(() => undefined);
    close();
  });

  it('does not wait for idle connections', async () => {
    const { gateway } = await hesitantGateway();
    await using _ = gateway;
    await using server = await ServerProcess.before(gateway, 'sqlite::memory:', LONG);
    const agent = new Agent({ keepAlive: true });
    await new Promise((resolve) =>
      get(`${server.origin}/healthz`, { agent }, (response) => response.resume().on('end', resolve)),
    );
    const sockets = await Promise.all([
      speak(server, ''),
      speak(server, 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{'),
      // Opens a WebSocket, and never answers a goodbye.
      speak(server, upgrade('/graphql'), '101 '),
      speak(server, upgrade('/elsewhere'), '404 '),
    ]);
    const webSocket = new WebSocket(server.url.replace('http:', 'ws:'), 'graphql-transport-ws');
    await once(webSocket, 'open');
    server.child.kill('SIGTERM');
    expect((await once(webSocket, 'close'))[0]).toBe(1001);
    expect(await server.exitCode()).toBe(0);
    for (const socket of sockets) socket.destroy();
    agent.destroy();
  });

  it('exits during its start, too', async () => {
    await using redis = await SilentServer.start();
    await using server = ServerProcess.launch({ STORE_URL: `redis://127.0.0.1:${redis.port}` });
    await redis.connected;
    server.child.kill('SIGTERM');
    expect(await server.exitCode()).toBe(0);
    expect(server.said).not.toContain('/graphql');
  });
});

/** A plain socket that has sent this, and has got so far. */
async function speak({ url }: ServerProcess, text: string, until = ''): Promise<Socket> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  socket.on('error', () => undefined).write(text);
  for (let said = ''; !said.includes(until); ) said += (await once(socket, 'data'))[0];
  return socket;
}

function upgrade(path: string): string {
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  return `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`;
}

describe('an uncaught error', () => {
  it.each([
    ['SIGUSR2', 'SyntaxError', undefined],
    ['SIGWINCH', 'UnhandledPromiseRejection', 'ERR_UNHANDLED_REJECTION'],
  ] as const)(
    'is logged without its message, lets streams finish, and exits with 1: %s',
    async (signal, type, code) => {
      const { gateway, finishAll } = await hesitantGateway();
      await using _ = gateway;
      const storeUrl = 'sqlite::memory:';
      await using server = await ServerProcess.before(gateway, storeUrl, LONG, ['test/support/crash.mjs']);
      const { chat, streams, close } = await beginWork(server, gateway);
      server.child.kill(signal);
      await server.untilReady(503);
      finishAll();
      await chat;
      for (const stream of streams) expect((await collect(stream)).last?.__typename).toBe('ChatDone');
      close();
      expect(await server.exitCode()).toBe(1);
      const lines = server.said.split('\n').filter((line) => line.includes('"level":60'));
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        { err: { type, ...(code && { code }), stack: expect.any(Array) } },
      ]);
      expect(server.said).not.toContain('canary');
      expect(server.said).not.toContain(SERVER_KEY);
    },
  );
});

describe('closing the server', () => {
  it('lets a client read an answer to its end', async () => {
    const models = Array.from({ length: 27_000 }, (_, at) => ({ id: `model-${at}-${'x'.repeat(240)}` }));
    await using gateway = await StandIn.start((response) => json(response, 200, { data: models }));
    const server = await TestServer.before(gateway);
    const body = '{"query":"{ models { id } }"}';
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    const lines = [`content-length: ${body.length}`, 'content-type: application/json', 'host: localhost'];
    socket.write(`POST /graphql HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
    await once(socket, 'readable');
    await eventually(() => server.log.some((line) => line.includes('"operation"')));
    const closing = server[Symbol.asyncDispose]();
    const pieces: Buffer[] = [];
    for await (const bytes of socket) pieces.push(bytes);
    expect(Buffer.concat(pieces).toString()).toContain('model-26999');
    await closing;
  });

  it('waits for work whose client has disconnected, and stores its result', async () => {
    const file = join(folder, 'left.db');
    const env = { STORE_URL: `sqlite:${file}`, ...LONG };
    let answer: (() => void) | undefined;
    const hesitate: Answer = (response) => {
      answer = () => json(response, 200, CREATED);
    };
    await using gateway = await StandIn.start(hesitate);
    const server = await TestServer.before(gateway, env);
    const leaving = new AbortController();
    const input = { model: 'm', messages: [{ content: 'a' }], idempotencyKey: 'once' };
    const body = JSON.stringify({ query: CREATE, variables: { input } });
    const headers = { 'content-type': 'application/json' };
    const left = fetch(server.url, { method: 'POST', headers, body, signal: leaving.signal });
    await eventually(() => answer !== undefined);
    leaving.abort();
    await expect(left).rejects.toThrow();
    await eventually(() => server.log.some((line) => line.includes('CANCELLED')));
    const closed = server[Symbol.asyncDispose]();
    answer?.();
    await closed;
    await using again = await TestServer.before(gateway, env);
    expect((await again.query(CREATE, { input })).data).toEqual({ createContext: { id: CREATED.id } });
    expect(gateway.seen).toHaveLength(1);
  });

  it('aborts such work after the grace time, and answers OUTCOME_UNKNOWN from then on', async () => {
    const env = { STORE_URL: `sqlite:${join(folder, 'ended.db')}`, SHUTDOWN_GRACE_MS: '0' };
    await using gateway = await StandIn.start(() => undefined);
    const server = await TestServer.before(gateway, env);
    const input = { model: 'm', messages: [{ content: 'a' }], idempotencyKey: 'once' };
    const cut = server.query(CREATE, { input });
    await eventually(() => gateway.seen.length === 1);
    await server[Symbol.asyncDispose]();
    expect(await cut).toMatchObject(REFUSED);
    await using again = await TestServer.before(gateway, env);
    const { errors } = await again.query(CREATE, { input });
    expect(errors[0]?.extensions.code).toBe('OUTCOME_UNKNOWN');
    expect(gateway.seen).toHaveLength(1);
  });
});
