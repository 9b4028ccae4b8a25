import { pino } from 'pino';
import { serverAsCaller } from '../../src/auth/authenticate.js';
import { DetachedWork } from '../../src/coordination/detached-work.js';
import { Idempotency } from '../../src/coordination/idempotency.js';
import { Leases } from '../../src/coordination/leases.js';
import { RequestContext, type RequestParts } from '../../src/request-context.js';
import { openStore } from '../../src/store/open-store.js';
import { CHAT_ANSWER } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.mjs';
import { serverHolding } from '../support/holding.js';
import { NOON, TestServer } from '../support/server.js';
import { type Answer, CREATED, json, StandIn } from '../support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from '../support/streams.js';
import { bearer, JWT } from '../support/tokens.js';

const CREATE = `mutation ($input: CreateContextInput!) {
  createContext(input: $input) { id createdAt expiresAt usage { promptTokens } totals { chats } }
}`;
const CHAT = `mutation ($input: ChatInput!) {
  chat(input: $input) { id created choices { message { content } } context { expiresAt totals { chats } } }
}`;
const INPUT = { model: 'm', messages: [{ content: 'a' }], idempotencyKey: 'key-1' };

/** A gateway whose answers differ each time. */
function countingGateway() {
  let calls = 0;
  return StandIn.start((response, _, { path }) =>
    json(
      response,
      200,
      path === '/v1/context/create'
        ? { ...CREATED, id: `ctx-${++calls}` }
        : { ...CHAT_ANSWER, id: `chat-${++calls}` },
    ),
  );
}

const cutShort: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
  response.write('{', () => response.socket?.destroy());
};

describe('createContext with an idempotency key', () => {
  it('gives the same caller, key and input the first answer for a day', async () => {
    await using gateway = await countingGateway();
    await using server = await TestServer.before(gateway);
    const first = await server.query<object>(CREATE, { input: INPUT });
    server.clock = () => NOON + 24 * 3_600_000 - 1;
    const again = await server.query<object>(CREATE, { input: { ...INPUT, mode: null } });
    expect(again.data).toEqual(first.data);
    expect(gateway.seen).toHaveLength(1);
    expect(gateway.seen[0]?.body).not.toContain('key-1');
    server.clock = () => NOON + 24 * 3_600_000;
    expect((await server.query(CREATE, { input: INPUT })).data).toMatchObject({
      createContext: { id: 'ctx-2' },
    });
  });

  it('conflicts with different input and reveals nothing about the first', async () => {
    await using gateway = await countingGateway();
    await using server = await TestServer.before(gateway);
    await server.query(CREATE, { input: INPUT });
    const { errors } = await server.query(CREATE, { input: { ...INPUT, ttl: 3_600 } });
    expect(errors).toMatchObject([
      {
        message: expect.stringContaining('Use a new key'),
        extensions: { code: 'IDEMPOTENCY_CONFLICT', retryable: false },
      },
    ]);
    expect(gateway.seen).toHaveLength(1);
  });

  it('is separate for each caller and operation', async () => {
    await using gateway = await countingGateway();
    await using server = await TestServer.before(gateway, JWT);
    const [one, two] = [bearer('one'), bearer('two')];
    await server.query(CREATE, { input: INPUT }, one);
    expect((await server.query(CREATE, { input: INPUT }, two)).data).toMatchObject({
      createContext: { id: 'ctx-2' },
    });
    const chat = { ...QUESTION, contextId: 'ctx-1', idempotencyKey: 'key-1' };
    expect((await server.query(CHAT, { input: chat }, one)).errors).toEqual([]);
  });

  it('calls the gateway once for many concurrent requests', async () => {
    await using gateway = await countingGateway();
    await using server = await TestServer.before(gateway);
    const all = await Promise.all(Array.from({ length: 20 }, () => server.query(CREATE, { input: INPUT })));
    expect(gateway.seen).toHaveLength(1);
    expect(new Set(all.map(({ data }) => JSON.stringify(data))).size).toBe(1);
  });

  const lost: [string, Answer, string][] = [
    ['takes too long to answer', () => undefined, 'GATEWAY_TIMEOUT'],
    ['breaks the connection', (_, request) => void request.socket.destroy(), 'GATEWAY_UNAVAILABLE'],
    ['cuts its answer short', cutShort, 'GATEWAY_BAD_RESPONSE'],
    ['answers with a fault of its own', (response) => json(response, 500, {}), 'GATEWAY_UNAVAILABLE'],
    ['answers with what cannot be read', (response) => json(response, 200, 'x'), 'GATEWAY_BAD_RESPONSE'],
  ];
  it.each(lost)(
    'is spent where the gateway %s: the outcome is unknown from then on',
    async (_, answer, code) => {
      await using gateway = await StandIn.start(answer);
      await using server = await TestServer.before(gateway, { GATEWAY_HEADERS_TIMEOUT_MS: '100' });
      const ask = async (idempotencyKey: string) =>
        (await server.query(CREATE, { input: { ...INPUT, idempotencyKey } })).errors[0];
      expect(await ask('key-1')).toMatchObject({
        message: expect.stringContaining('with a new key'),
        extensions: { code, retryable: false },
      });
      gateway.answer = (response) => json(response, 200, CREATED);
      for (let time = 0; time < 2; time++) {
        expect(await ask('key-1')).toMatchObject({
          message: expect.stringContaining('may have been processed'),
          extensions: { code: 'OUTCOME_UNKNOWN', retryable: false },
        });
      }
      expect(gateway.seen).toHaveLength(1);
      expect(await ask('key-2')).toBeUndefined();
    },
  );

  const refusals: [string, number, string][] = [
    ['RATE_LIMITED', 429, 'RateLimitExceeded'],
    ['GATEWAY_UNAVAILABLE', 503, 'Overloaded'],
    ['GATEWAY_AUTH', 401, 'AuthenticationError'],
    ['QUOTA_EXCEEDED', 402, 'AccountOverdueError'],
  ];
  it.each(refusals)('goes through after %s, once that is mended', async (code, status, kind) => {
    await using gateway = await StandIn.start((response) =>
      json(response, status, { error: { code: kind } }),
    );
    await using server = await TestServer.before(gateway);
    const ask = async () => (await server.query(CREATE, { input: INPUT })).errors[0]?.extensions.code;
    expect(await ask()).toBe(code);
    gateway.answer = (response) => json(response, 200, CREATED);
    expect(await ask()).toBeUndefined();
  });

  it('succeeds once the gateway is reachable', async () => {
    const port = await freePort();
    await using server = await TestServer.before({ url: `http://127.0.0.1:${port}/v1` });
    const ask = async () => (await server.query(CREATE, { input: INPUT })).errors[0]?.extensions;
    expect(await ask()).toMatchObject({ code: 'GATEWAY_UNAVAILABLE', retryable: true });
    expect(await ask()).toMatchObject({ code: 'GATEWAY_UNAVAILABLE', retryable: true });
  });

  it('is not consumed by a chat on a context that does not exist yet', async () => {
    await using gateway = await countingGateway();
    await using server = await TestServer.before(gateway);
    const chat = { ...QUESTION, contextId: 'ctx-1', idempotencyKey: 'key-1' };
    const early = await server.query(CHAT, { input: chat });
    expect(early.errors[0]?.extensions.code).toBe('CONTEXT_NOT_FOUND');
    await server.query(CREATE, { input: INPUT });
    expect((await server.query(CHAT, { input: chat })).errors).toEqual([]);
  });

  it('stores permanent failures but not retryable ones', async () => {
    await using gateway = await StandIn.start((response) => json(response, 503, {}));
    await using server = await TestServer.before(gateway);
    const ask = async () => (await server.query(CREATE, { input: INPUT })).errors[0];
    expect((await ask())?.extensions.code).toBe('GATEWAY_UNAVAILABLE');
    gateway.answer = (response) => json(response, 400, { error: { code: 'InvalidParameter' } });
    const refused = await ask();
    expect(refused?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', gateway: { status: 400 } });
    gateway.answer = (response) => json(response, 200, CREATED);
    expect(await ask()).toMatchObject({
      message: refused?.message,
      extensions: { code: 'BAD_USER_INPUT', retryable: false, gateway: { status: 400 } },
    });
  });

  it.each([
    ['', 'must not be blank'],
    ['x'.repeat(256), 'must be at most 255 characters'],
    ['a\0b', 'must hold no NUL character and no lone surrogate'],
  ])('refuses a key of %j', async (idempotencyKey, message) => {
    await using server = await TestServer.start();
    const { errors } = await server.query(CREATE, { input: { ...INPUT, idempotencyKey } });
    expect(errors[0]?.extensions).toMatchObject({ fields: [{ path: ['input', 'idempotencyKey'], message }] });
  });
});

describe('a process that was assumed dead while it ran a request with an idempotency key', () => {
  it('sends it once, and its answer is replayed as soon as it arrives', async () => {
    const log = pino({ level: 'silent' });
    const store = openStore('sqlite::memory:', log);
    const now = () => NOON;
    const process = (renewMs?: number) => {
      const leases = new Leases({ store, maxWaitMs: 60_000, leaseMs: 50, ...(renewMs && { renewMs }) });
      return new Idempotency(store, leases, new DetachedWork(), now, log);
    };
    const input = { idempotencyKey: 'key-1' };
    const caller = serverAsCaller('sk-test');
    const request = new RequestContext({ requestId: 'request', caller, now } as RequestParts);
    let answerLate: (answer: string) => void = () => undefined;
    const run = jest.fn(() => new Promise<string>((resolve) => (answerLate = resolve)));
    // One that gives no sign of life.
    const stalled = process(60_000).once('chat', input, request, run);
    await eventually(() => run.mock.calls.length === 1);
    const again = jest.fn(async () => 'again');
    await expect(process().once('chat', input, request, again)).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
    });
    answerLate('late');
    expect(await stalled).toBe('late');
    expect(await process().once('chat', input, request, again)).toBe('late');
    expect(again).not.toHaveBeenCalled();
    await store.close();
  });
});

describe('chat with an idempotency key', () => {
  const input = { ...QUESTION, idempotencyKey: 'key-1' };

  it('calls the gateway once and adds to the totals once', async () => {
    await using gateway = await countingGateway();
    await using server = await serverHolding(gateway);
    const first = await server.query<object>(CHAT, { input });
    expect(first.data).toMatchObject({ chat: { context: { totals: { chats: 1 } } } });
    expect((await server.query<object>(CHAT, { input })).data).toEqual(first.data);
    expect(gateway.seen).toHaveLength(1);
    expect((await server.query(CHAT, { input: QUESTION })).data).toMatchObject({
      chat: { context: { totals: { chats: 2 } } },
    });
  });

  it.each([
    ['a session', 'SESSION'],
    ['a prefix', 'COMMON_PREFIX'],
  ])('on %s sends nothing twice if the answer is lost', async (_, mode) => {
    await using gateway = await StandIn.start((response, request, { path }) => {
      if (path === '/v1/context/create') return json(response, 200, { ...CREATED, mode });
      request.socket.destroy();
    });
    await using server = await serverHolding(gateway);
    const ask = async () => (await server.query(CHAT, { input })).errors[0]?.extensions;
    expect(await ask()).toMatchObject({ code: 'GATEWAY_UNAVAILABLE', retryable: false });
    expect(await ask()).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(gateway.seen.filter(({ path }) => path.includes('chat'))).toHaveLength(1);
  });

  it('continues after its client has disconnected, for a retry', async () => {
    const waiting: (() => void)[] = [];
    await using gateway = await StandIn.start((response) => {
      waiting.push(() => json(response, 200, CHAT_ANSWER));
    });
    await using server = await serverHolding(gateway);
    const caller = new AbortController();
    const body = JSON.stringify({ query: CHAT, variables: { input } });
    const headers = { 'content-type': 'application/json' };
    const first = fetch(server.url, { method: 'POST', headers, body, signal: caller.signal });
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
    caller.abort();
    await expect(first).rejects.toThrow();
    const again = server.query(CHAT, { input });
    waiting[0]?.();
    expect((await again).data).toMatchObject({ chat: { id: 'chatcmpl-1' } });
    expect(gateway.seen).toHaveLength(1);
  });

  it.each(TRANSPORTS)('is refused for a stream over %s, which is not kept', async (_, connect) => {
    await using gateway = await StandIn.start();
    await using server = await serverHolding(gateway);
    const client = connect(server);
    const { errors } = await collect(client.open(input));
    expect(errors[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      fields: [{ path: ['input', 'idempotencyKey'] }],
    });
    expect(gateway.seen).toEqual([]);
    client.close();
  });
});
