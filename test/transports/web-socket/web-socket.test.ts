import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type WebSocket from 'ws';
import { INTERNAL_ERROR_MESSAGE } from '../../../src/errors.js';
import { TIMEOUTS } from '../../../src/transports/timeouts.js';
import { eventually } from '../../support/eventually.js';
import { TestServer } from '../../support/server.js';
import { StandIn } from '../../support/stand-in.js';
import { CHAT_STREAM } from '../../support/streams.js';
import { bearer, JWT } from '../../support/tokens.js';
import { messages, openSocket, rawSocket } from '../../support/ways-in.js';

const MEGABYTE = 1_048_576;
const SUBSCRIBE = (id: string) =>
  JSON.stringify({ id, type: 'subscribe', payload: { query: '{ models { id } }' } });

/** The code and the reason that the connection is closed with. */
async function closing(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = await once(
    socket.on('error', () => undefined),
    'close',
  );
  return { code, reason: String(reason) };
}

const closeCode = async (socket: WebSocket) => (await closing(socket)).code;

/** The answer to an opening handshake that is refused. */
async function refusal(url: string, more: Record<string, string>) {
  const handshake = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
  const sent = request(url, { headers: { ...handshake, ...more } });
  sent.end();
  const [response] = await once(sent, 'response');
  const { statusCode: status, headers } = response;
  return { status, headers, errors: JSON.parse(await text(response)).errors };
}

describe('a request that asks for another protocol than WebSocket', () => {
  it.each([
    ['with its body at once', (head: string, body: string) => [head + body]],
    ['with its body later', (head: string, body: string) => [head, body]],
  ])('is served over HTTP/1.1 %s, and so is the next on its connection', async (_, pieces) => {
    await using server = await TestServer.start({ GATEWAY_URL: 'sandbox:' });
    const body = '{"query":"{ __typename }"}';
    const head = (more: string) =>
      `POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${more}\r\n`;
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    const first = head('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n');
    for (const piece of pieces(first, body)) socket.write(piece);
    let received = '';
    socket.setEncoding('utf8').on('data', (part) => {
      received += part;
    });
    await eventually(() => received.includes('"__typename":"Query"'));
    expect(received).toMatch(/^HTTP\/1.1 200 OK/);
    received = '';
    socket.write(head('Connection: close\r\n') + body);
    await once(socket, 'close');
    expect(received).toMatch(/^HTTP\/1.1 200 OK.*"__typename":"Query"/s);
  });
});

describe('the credential of a WebSocket', () => {
  const alice = bearer('alice');
  const wrong = { authorization: 'Bearer wrong' };
  it.each<[string, object, Record<string, string>, 'next' | 'error']>([
    ['connectionParams', alice, {}, 'next'],
    ['connectionParams in the usual spelling', { Authorization: alice.authorization }, {}, 'next'],
    ['its handshake, where routers send it', {}, alice, 'next'],
    ['connectionParams before its handshake', wrong, alice, 'error'],
  ])('is read from %s', async (_, payload, headers, type) => {
    await using server = await TestServer.start({ ...JWT, GATEWAY_URL: 'sandbox:' });
    const socket = rawSocket(server, headers);
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload }));
    await once(socket, 'message');
    socket.send(SUBSCRIBE('1'));
    const { value: answer } = await messages(socket).next();
    socket.close();
    const isRefused = JSON.stringify(answer).includes('UNAUTHENTICATED');
    expect({ type: isRefused ? 'error' : answer?.type }).toEqual({ type });
  });
});

describe('a WebSocket', () => {
  let gateway: StandIn;
  let server: TestServer;
  const printed: unknown[] = [];
  const print = console.error;
  beforeAll(async () => {
    console.error = (...words) => printed.push(words);
    // It never answers.
    gateway = await StandIn.start(() => undefined);
    // A busy machine takes longer than the default to send 50 MB.
    server = await TestServer.before(gateway, {}, { timeouts: { ...TIMEOUTS, initMs: 60_000 } });
  });
  afterAll(async () => {
    console.error = print;
    await server[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  });

  it('that never says connection_init is closed', async () => {
    await using impatient = await TestServer.start({}, { timeouts: { ...TIMEOUTS, initMs: 100 } });
    expect(await closeCode(rawSocket(impatient))).toBe(4408);
  });

  it('that asks before it is let in is closed', async () => {
    const socket = rawSocket(server);
    await once(socket, 'open');
    socket.send(SUBSCRIBE('1'));
    expect(await closeCode(socket)).toBe(4401);
  });

  it.each([
    ['before', rawSocket],
    ['after', openSocket],
  ])('that sends 50 MB %s it is let in is closed', async (_when, open) => {
    const socket = await open(server);
    if (socket.readyState !== socket.OPEN) await once(socket, 'open');
    const closed = closeCode(socket);
    socket.send(Buffer.alloc(50 * MEGABYTE, ' '));
    expect(await closed).toBe(1009);
  });

  it('that sends 50 MB in pieces is closed once they are too much, and not kept until then', async () => {
    const socket = await openSocket(server);
    const closed = closeCode(socket);
    let sent = 0;
    for (; sent < 50 && socket.readyState === socket.OPEN; sent++) {
      const piece = Buffer.alloc(MEGABYTE, ' ');
      await Promise.race([closed, new Promise((resolve) => socket.send(piece, { fin: false }, resolve))]);
    }
    expect(await closed).toBe(1009);
    expect(sent).toBeLessThan(50);
  });

  it.each([
    '{"a-private-prompt',
    '{',
    '[]',
    '7',
    '{"type":"no such type"}',
    '{"type":"subscribe"}',
    '{"type":"subscribe","id":"1","payload":[]}',
  ])('that sends %s is closed', async (message) => {
    const socket = await openSocket(server);
    socket.send(message);
    const reason = 'A message is not JSON, or not one of graphql-transport-ws';
    expect(await closing(socket)).toEqual({ code: 4400, reason });
  });

  it('that uses an id twice is closed, without its id', async () => {
    const socket = await openSocket(server);
    for (let twice = 0; twice < 2; twice++) socket.send(SUBSCRIBE('a-private-prompt'));
    const reason = 'An operation with this id is still running';
    expect(await closing(socket)).toEqual({ code: 4409, reason });
  });

  it.each([
    ['what is not GraphQL', { query: '{ a-private-prompt' }],
    ['an unknown field', { query: '{ nothing }' }],
    ['no text', { query: '' }],
    ['an unknown operation name', { query: '{ __typename }', operationName: 'a-private-prompt' }],
    ['several operations', { query: 'query A { __typename } query B { __typename }' }],
    ['a hash', { query: '', extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }],
    [
      'unfit variables',
      {
        query: 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }',
        variables: { input: 'a-private-prompt' },
      },
    ],
    ['a subscription with a mistake at its root', { query: 'subscription { chatStream { __typename } }' }],
  ])('refuses %s with code and requestId, and stays', async (_what, payload) => {
    const socket = await openSocket(server);
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
    const { value } = await messages(socket).next();
    const extensions = { code: 'BAD_USER_INPUT', retryable: false, requestId: expect.any(String) };
    expect(value).toMatchObject({ id: '1', type: 'error', payload: [{ extensions }] });
    expect(JSON.stringify(value)).not.toContain('private');
    expect(socket.readyState).toBe(socket.OPEN);
    socket.terminate();
  });

  it('hears of a subscription that is refused at its root by code and requestId', async () => {
    const socket = await openSocket(server);
    const input = { contextId: 'none', messages: [{ content: 'a-private-prompt' }] };
    socket.send(
      JSON.stringify({ id: '1', type: 'subscribe', payload: { query: CHAT_STREAM, variables: { input } } }),
    );
    const heard = messages(socket);
    const extensions = { code: 'CONTEXT_NOT_FOUND', retryable: false, requestId: expect.any(String) };
    expect((await heard.next()).value).toMatchObject({ type: 'next', payload: { errors: [{ extensions }] } });
    expect((await heard.next()).value).toEqual({ id: '1', type: 'complete' });
    socket.terminate();
  });

  it('hears of what nobody expected by a masked error', async () => {
    await using broken = await TestServer.before(gateway);
    const socket = await openSocket(broken);
    broken.clock = () => {
      throw new Error('the clock of a-private-prompt has stopped');
    };
    socket.send(SUBSCRIBE('1'));
    const { value } = await messages(socket).next();
    expect(value).toMatchObject({
      type: 'error',
      payload: [
        {
          message: INTERNAL_ERROR_MESSAGE,
          extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: expect.any(String) },
        },
      ],
    });
    const logged = broken.log.map((line) => JSON.parse(line)).find(({ err }) => err);
    expect(logged.requestId).toBe(value.payload[0].extensions.requestId);
    socket.terminate();
  });

  it.each([
    [403, '/graphql', { origin: 'https://evil.example' }, /https:\/\/evil\.example to CORS_ORIGINS/],
    [404, '/elsewhere', {}, /GraphQL is at \/graphql/],
    [400, '/graphql', { 'sec-websocket-version': '7' }, /Invalid WebSocket handshake/],
  ])('that is not let in is told why: %i', async (status, path, headers, message) => {
    const refused = await refusal(server.origin + path, headers);
    expect(refused).toMatchObject({
      status,
      headers: { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' },
      errors: [
        {
          message: expect.stringMatching(message),
          extensions: { code: 'BAD_USER_INPUT', requestId: refused.headers['x-request-id'] },
        },
      ],
    });
  });

  it('runs a hundred operations at once and refuses more, until one has ended', async () => {
    gateway.seen.length = 0;
    const socket = await openSocket(server);
    const heard = messages(socket);
    for (let id = 1; id <= 101; id++) socket.send(SUBSCRIBE(String(id)));
    const { value } = await heard.next();
    expect(value).toMatchObject({
      id: '101',
      type: 'error',
      payload: [
        {
          message: expect.stringContaining('100 operations'),
          extensions: { code: 'RATE_LIMITED', retryAfter: 1 },
        },
      ],
    });
    socket.send(JSON.stringify({ id: '1', type: 'complete' }));
    const before = gateway.seen.length;
    socket.send(SUBSCRIBE('102'));
    await eventually(() => gateway.seen.length > before);
    socket.terminate();
  });

  it('sends no result of a cancelled operation, whose id the client may use again', async () => {
    const socket = await openSocket(server);
    const heard = messages(socket);
    const before = gateway.seen.length;
    socket.send(SUBSCRIBE('1'));
    await eventually(() => gateway.seen.length > before);
    socket.send(JSON.stringify({ id: '1', type: 'complete' }));
    // Answered once the cancelled operation has ended.
    socket.send(JSON.stringify({ type: 'ping' }));
    expect((await heard.next()).value).toEqual({ type: 'pong' });
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } }));
    const payload = { data: { __typename: 'Query' } };
    expect((await heard.next()).value).toEqual({ id: '1', type: 'next', payload });
    socket.terminate();
  });

  it('is nothing that the server prints or logs as its own fault', () => {
    expect(printed).toEqual([]);
    expect(server.log.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });

  it('whose client does not read is cut off before its answers pile up', async () => {
    const socket = await openSocket(server);
    const closed = closeCode(socket);
    socket.pause();
    const ping = JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(MEGABYTE) } });
    let sent = 0;
    for (; sent < 200 && socket.readyState === socket.OPEN; sent++) {
      await Promise.race([closed, new Promise((resolve) => socket.send(ping, resolve))]);
    }
    socket.resume();
    expect(await closed).toBe(1006);
    expect(sent).toBeLessThan(100);
  });
});
