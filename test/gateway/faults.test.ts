import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { BlackHole } from '../support/black-hole.js';
import { CHAT_ANSWER, STREAM } from '../support/chat-answers.js';
import {
  answer,
  drip,
  type Fault,
  FaultyUpstream,
  flood,
  head,
  inTurn,
  say,
  sayAndEnd,
  sayAndReset,
  silence,
} from '../support/faulty-upstream.js';
import { type AnsweredError, NOON, SERVER_KEY, TestServer } from '../support/server.js';
import { CREATED } from '../support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from '../support/streams.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';
const SEED = { model: 'm', messages: [{ content: 'hello' }] };
const MEGABYTE = 1024 * 1024;

type Door = (server: TestServer, headers?: Record<string, string>) => Promise<AnsweredError[]>;

const create: Door = async (server, headers) => (await server.query(CREATE, { input: SEED }, headers)).errors;
const chat: Door = async (server, headers) => (await server.query(CHAT, { input: QUESTION }, headers)).errors;
const chatStream: Door = async (server, headers) => {
  const client = TRANSPORTS[0]?.[1](server, headers?.authorization);
  if (!client) throw new Error('there is no transport');
  try {
    return (await collect(client.open())).errors;
  } finally {
    client.close();
  }
};

const refusal = (code: string, message = 'no') => ({ error: { code, message, type: 'error' } });
const page = (status: number) =>
  say(answer(status, '<html><h1>Bad gateway</h1></html>', { 'content-type': 'text/html' }));
const refuse = (status: number, code: string, headers: Record<string, string> = {}) =>
  say(answer(status, refusal(code), headers));

interface Case {
  name: string;
  fault: Fault;
  code: string;
  retryable: boolean;
  /** How many requests the gateway reads of one `createContext`: 1 where it is left out. */
  requests?: number;
  retryAfter?: number;
  env?: Record<string, string>;
}

const unavailable = { code: 'GATEWAY_UNAVAILABLE', retryable: true };
const badResponse = { code: 'GATEWAY_BAD_RESPONSE', retryable: true };
const timeout = { code: 'GATEWAY_TIMEOUT', retryable: true };
const rateLimited = { code: 'RATE_LIMITED', retryable: true };
const gatewayAuth = { code: 'GATEWAY_AUTH', retryable: false };
const noBalance = { code: 'QUOTA_EXCEEDED', retryable: false };
const badInput = { code: 'BAD_USER_INPUT', retryable: false };

const HALF = '{"id":"ctx-1","ttl":36';
const CHUNKED = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
const JSON_OF_100_BYTES = { 'content-type': 'application/json', 'content-length': 100 };
const HUGE = { 'content-type': 'application/json', 'content-length': 100 * MEGABYTE };

const CASES: Case[] = [
  { name: 'a page with 500', fault: page(500), ...unavailable },
  { name: 'a page with 502', fault: page(502), ...unavailable },
  { name: 'a page with 503', fault: page(503), ...unavailable, requests: 3 },
  { name: 'a page with 504', fault: page(504), ...unavailable },
  { name: 'a page with 200', fault: page(200), ...badResponse },
  { name: 'a page with 404', fault: page(404), ...badResponse },
  { name: 'an empty body with 200', fault: say(answer(200, '')), ...badResponse },
  { name: 'an empty body with 502', fault: say(answer(502, '')), ...unavailable },
  {
    name: 'JSON that stops before its Content-Length',
    fault: sayAndEnd(head(200, JSON_OF_100_BYTES) + HALF),
    ...badResponse,
  },
  {
    name: 'JSON that stops where the connection ends',
    fault: sayAndEnd(head(200, { 'content-type': 'application/json' }) + HALF),
    ...badResponse,
  },
  {
    name: 'JSON that stops inside a chunk',
    fault: sayAndEnd(`${head(200, CHUNKED)}40\r\n${HALF}`),
    ...badResponse,
  },
  { name: 'half of an object, whole as HTTP', fault: say(answer(200, HALF)), ...badResponse },
  { name: 'what is not JSON', fault: say(answer(200, 'id=ctx-1')), ...badResponse },
  { name: 'what is not HTTP', fault: sayAndEnd('SSH-2.0-OpenSSH_9.2\r\n'), ...badResponse },
  {
    name: 'headers without end',
    fault: drip('HTTP/1.1 200 OK\r\n', `x: ${'x'.repeat(65_536)}\r\n`, 1),
    ...badResponse,
  },
  {
    name: 'another protocol',
    fault: say(head(101, { upgrade: 'x', connection: 'upgrade' })),
    ...unavailable,
  },
  { name: '204', fault: say(head(204)), ...badResponse },
  {
    name: 'two lengths',
    fault: say(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}`),
    ...badResponse,
  },
  {
    name: 'a length and chunks',
    fault: say(`${head(200, { ...CHUNKED, 'content-length': 2 })}2\r\n{}\r\n0\r\n\r\n`),
    ...badResponse,
  },
  {
    name: 'a length that is no number',
    fault: say(`${head(200, { 'content-length': '-1' })}{}`),
    ...badResponse,
  },
  { name: 'a million brackets', fault: say(answer(200, '['.repeat(1_000_000))), ...badResponse },
  { name: '200 with an error inside', fault: refuse(200, 'InternalServiceError'), ...unavailable },
  { name: '200 with a refused key inside', fault: refuse(200, 'AuthenticationError'), ...gatewayAuth },
  { name: '200 with a sentence as its error', fault: say(answer(200, { error: 'no' })), ...badResponse },
  { name: 'null', fault: say(answer(200, 'null')), ...badResponse },
  { name: 'an array', fault: say(answer(200, '[{"id":"ctx-1"}]')), ...badResponse },
  { name: 'a number', fault: say(answer(200, '7')), ...badResponse },
  { name: 'no id and no choices', fault: say(answer(200, { ttl: 3600 })), ...badResponse },
  {
    name: 'silence before the headers',
    fault: silence,
    ...timeout,
    env: { GATEWAY_HEADERS_TIMEOUT_MS: '300' },
  },
  {
    name: 'silence inside the headers',
    fault: say('HTTP/1.1 200 OK\r\ncontent-'),
    ...timeout,
    env: { GATEWAY_HEADERS_TIMEOUT_MS: '300' },
  },
  {
    name: 'silence after the headers',
    fault: say(head(200, JSON_OF_100_BYTES)),
    ...timeout,
    env: { GATEWAY_IDLE_TIMEOUT_MS: '300' },
  },
  {
    name: 'a byte at a time',
    fault: drip(head(200, JSON_OF_100_BYTES), ' ', 50),
    ...timeout,
    env: { GATEWAY_TOTAL_TIMEOUT_MS: '500' },
  },
  {
    name: 'a byte of the headers at a time',
    fault: drip('HTTP/1.1 200 OK\r\nx: ', 'x', 50),
    ...timeout,
    env: { GATEWAY_TOTAL_TIMEOUT_MS: '500' },
  },
  { name: 'a reset before the answer', fault: (socket) => socket.resetAndDestroy(), ...unavailable },
  { name: 'an end before the answer', fault: (socket) => socket.end(), ...unavailable },
  { name: 'a reset inside the headers', fault: sayAndReset('HTTP/1.1 200 OK\r\ncontent-'), ...unavailable },
  {
    name: 'a reset inside the body',
    fault: sayAndReset(head(200, JSON_OF_100_BYTES) + HALF),
    ...badResponse,
  },
  { name: 'a redirect to itself', fault: say(answer(307, '', { location: '/v1' })), ...badResponse },
  { name: '100 MB that were announced', fault: flood(head(200, HUGE), 100 * MEGABYTE), ...badResponse },
  {
    name: '100 MB that were not announced',
    fault: flood(head(200, { 'content-type': 'application/json' }), 100 * MEGABYTE),
    ...badResponse,
  },
  {
    name: '100 MB with 503',
    fault: flood(head(503, { ...HUGE, 'retry-after': 9 }), 100 * MEGABYTE),
    ...unavailable,
    retryAfter: 9,
  },
  {
    name: 'a gzip bomb',
    fault: say(answer(200, gzipSync(Buffer.alloc(100 * MEGABYTE, 0x20)), { 'content-encoding': 'gzip' })),
    ...badResponse,
  },
  {
    name: 'gzip that is none',
    fault: say(answer(200, HALF, { 'content-encoding': 'gzip' })),
    ...badResponse,
  },
  {
    name: 'a refusal that is cut short',
    fault: sayAndReset(`${head(401, JSON_OF_100_BYTES)}{"error":`),
    ...gatewayAuth,
  },
  { name: '401', fault: refuse(401, 'AuthenticationError'), ...gatewayAuth },
  { name: '401 without a body', fault: say(answer(401, '')), ...gatewayAuth },
  { name: '403', fault: refuse(403, 'AccessDenied'), ...gatewayAuth },
  { name: '402', fault: say(answer(402, '')), ...noBalance },
  { name: '403 AccountOverdueError', fault: refuse(403, 'AccountOverdueError'), ...noBalance },
  { name: '429 insufficient_quota', fault: refuse(429, 'insufficient_quota'), ...noBalance },
  {
    name: '404 for a model',
    fault: refuse(404, 'InvalidEndpointOrModel.NotFound'),
    code: 'MODEL_NOT_FOUND',
    retryable: false,
  },
  { name: '400', fault: refuse(400, 'InvalidParameter'), ...badInput },
  { name: '422', fault: refuse(422, 'InvalidParameter'), ...badInput },
  {
    name: '400 of the moderation',
    fault: refuse(400, 'InputTextRiskDetection'),
    code: 'CONTENT_REJECTED',
    retryable: false,
  },
  { name: '408', fault: refuse(408, 'Timeout'), ...timeout },
  ...[429, 503].flatMap((status): Case[] => {
    const code = status === 429 ? 'RateLimitExceeded' : 'InternalServiceError';
    const meaning = status === 429 ? rateLimited : unavailable;
    const after = (value: string) => refuse(status, code, { 'retry-after': value });
    const inHalfAMinute = new Date(NOON + 30_000).toUTCString();
    const past = new Date(NOON - 30_000).toUTCString();
    return [
      { name: `${status} with Retry-After in seconds`, fault: after('7'), ...meaning, retryAfter: 7 },
      {
        name: `${status} with Retry-After as a date`,
        fault: after(inHalfAMinute),
        ...meaning,
        retryAfter: 30,
      },
      { name: `${status} with a Retry-After of three years`, fault: after('99999999'), ...meaning },
      { name: `${status} with a Retry-After that is no time`, fault: after('soon'), ...meaning, requests: 3 },
      { name: `${status} with a Retry-After below zero`, fault: after('-5'), ...meaning, requests: 3 },
      { name: `${status} with a Retry-After in the past`, fault: after(past), ...meaning, requests: 3 },
      { name: `${status} without Retry-After`, fault: refuse(status, code), ...meaning, requests: 3 },
    ];
  }),
];

const byName = (cases: Case[]) => cases.map((it) => [it.name, it] as const);

/** A chat on a session that was read is never sent again. */
const DOORS: [string, Door, number][] = [
  ['createContext', create, Number.POSITIVE_INFINITY],
  ['chat', chat, 1],
  ['chatStream', chatStream, 1],
];

describe.each(DOORS)('%s', (_, ask, maxRequests) => {
  it.each(byName(CASES))('answers with one code after %s', async (_name, wanted) => {
    await using upstream = await FaultyUpstream.start(wanted.fault);
    await using server = await TestServer.before(upstream, wanted.env);
    const errors = await ask(server);
    expect(errors).toHaveLength(1);
    const { code, retryable, retryAfter } = wanted;
    expect(errors[0]?.extensions).toMatchObject({ code, retryable });
    expect(errors[0]?.extensions.retryAfter).toBe(retryAfter);
    expect(upstream.requests).toHaveLength(Math.min(wanted.requests ?? 1, maxRequests));
  });
});

describe('a chat whose answer was lost', () => {
  it.each([
    ['a prefix', 'COMMON_PREFIX', [], 2],
    ['a session', 'SESSION', [unavailable], 1],
  ])('is sent again on %s only', async (_, mode, errors, requests) => {
    await using upstream = await FaultyUpstream.start(say(answer(200, { id: 'ctx-1', ttl: 3600 })));
    await using server = await TestServer.before(upstream);
    await server.query(CREATE, { input: { ...SEED, mode, model: QUESTION.model } });
    const whole = say(answer(200, CHAT_ANSWER));
    const events = sayAndEnd(head(200, { 'content-type': 'text/event-stream' }) + STREAM);
    for (const [ask, found] of [
      [chat, whole],
      [chatStream, events],
    ] as const) {
      upstream.requests.splice(0);
      upstream.fault = inTurn(sayAndReset(''), found);
      expect((await ask(server)).map(({ extensions }) => extensions)).toMatchObject(errors);
      expect(upstream.requests).toHaveLength(requests);
    }
  });
});

describe('a gateway that cannot be reached', () => {
  it('is unavailable where the connection is refused', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as { port: number };
    await new Promise((resolve) => gone.close(resolve));
    await using server = await TestServer.before({ url: `http://127.0.0.1:${port}/v1` });
    for (const ask of [create, chat, chatStream]) {
      expect((await ask(server))[0]?.extensions).toMatchObject(unavailable);
    }
  });

  it('is unavailable where its name is unknown', async () => {
    await using server = await TestServer.before({ url: 'http://nonexistent.invalid/v1' });
    for (const ask of [create, chat, chatStream]) {
      expect((await ask(server))[0]?.extensions).toMatchObject(unavailable);
    }
  });

  it('is given up where it does not take the connection', async () => {
    await using hole = await BlackHole.start();
    await using server = await TestServer.before(hole, { GATEWAY_CONNECT_TIMEOUT_MS: '300' });
    for (const ask of [create, chat, chatStream]) {
      const [error] = await ask(server);
      expect(error?.extensions).toMatchObject(timeout);
      expect(error?.message).toContain('to take the connection');
    }
  });

  it('is unavailable where it resets each connection', async () => {
    await using upstream = await FaultyUpstream.start(silence, (socket) => socket.resetAndDestroy());
    await using server = await TestServer.before(upstream);
    for (const ask of [create, chat, chatStream]) {
      expect((await ask(server))[0]?.extensions).toMatchObject(unavailable);
    }
    expect(upstream.requests).toEqual([]);
  });
});

describe('an answer', () => {
  it('counts where the connection is reset behind it, and the next call takes a new connection', async () => {
    await using upstream = await FaultyUpstream.start(sayAndReset(answer(200, CREATED)));
    await using server = await TestServer.before(upstream);
    for (const _ of [1, 2, 3]) expect(await create(server)).toEqual([]);
    upstream.fault = sayAndReset(head(200, { 'content-type': 'text/event-stream' }) + STREAM);
    for (const _ of [1, 2, 3]) expect(await chatStream(server)).toEqual([]);
    expect(upstream.connections).toBe(6);
  });

  it('that nobody asked for does not reach the next call', async () => {
    await using upstream = await FaultyUpstream.start(
      say(Buffer.concat([answer(200, CREATED), answer(200, { ...CREATED, id: 'ctx-of-nobody' })])),
    );
    await using server = await TestServer.before(upstream);
    for (const _ of [1, 2, 3]) {
      const { data } = await server.query(CREATE, { input: SEED });
      expect(data).toEqual({ createContext: { id: CREATED.id } });
    }
  });

  it('that is nested a hundred thousand deep is read where it does not matter', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    await using upstream = await FaultyUpstream.start(
      say(answer(200, `{"id":"ctx-1","usage":${deep},"extra":${deep}}`)),
    );
    await using server = await TestServer.before(upstream);
    expect(await create(server)).toEqual([]);
  });

  it('that is too large is not read to its end', async () => {
    await using upstream = await FaultyUpstream.start(flood(head(200, HUGE), 100 * MEGABYTE));
    await using server = await TestServer.before(upstream, { GATEWAY_MAX_RESPONSE_BYTES: '100000' });
    await create(server);
    await upstream.quiet();
    // The sockets on the way hold a few megabytes.
    expect(upstream.bytesSent).toBeLessThan(32 * MEGABYTE);
  });

  it('that sends the key to another host is not followed', async () => {
    await using elsewhere = await FaultyUpstream.start(say(answer(200, CREATED)));
    await using upstream = await FaultyUpstream.start(silence);
    await using server = await TestServer.before(upstream);
    for (const status of [300, 301, 302, 303, 307, 308]) {
      upstream.fault = say(answer(status, '', { location: elsewhere.url }));
      for (const ask of [create, chat, chatStream]) {
        expect((await ask(server))[0]?.extensions).toMatchObject(badResponse);
      }
    }
    expect(upstream.requests).toHaveLength(18);
    expect(elsewhere.connections).toBe(0);
  });

  it('404 in a chat is a lost context, in a creation no model', async () => {
    await using upstream = await FaultyUpstream.start(refuse(404, 'NotFound'));
    await using server = await TestServer.before(upstream);
    const codes = [];
    for (const ask of [create, chat, chatStream]) codes.push((await ask(server))[0]?.extensions.code);
    expect(codes).toEqual(['MODEL_NOT_FOUND', 'CONTEXT_NOT_FOUND', 'CONTEXT_NOT_FOUND']);
  });
});

describe('a key that the gateway refuses', () => {
  const CALLERS_KEY = 'sk-callers-key-that-nobody-may-see';
  const passthrough = { authorization: `Bearer ${CALLERS_KEY}` };

  it('is the caller’s to mend where the caller brought it', async () => {
    await using upstream = await FaultyUpstream.start(silence);
    await using server = await TestServer.start({ GATEWAY_URL: upstream.url });
    for (const [status, code] of [
      [401, 'UNAUTHENTICATED'],
      [403, 'FORBIDDEN'],
    ] as const) {
      upstream.fault = refuse(status, 'AuthenticationError');
      for (const ask of [create, chat, chatStream]) {
        expect((await ask(server, passthrough))[0]?.extensions).toMatchObject({ code, retryable: false });
      }
    }
  });

  it('is the operator’s to mend where the server has it, and the caller learns no more', async () => {
    await using upstream = await FaultyUpstream.start(refuse(401, 'AuthenticationError'));
    await using server = await TestServer.before(upstream);
    const [error] = await create(server);
    expect(error).toEqual({
      message: 'The gateway refuses this server’s key. The operator has to mend it.',
      locations: expect.anything(),
      path: ['createContext'],
      extensions: {
        ...gatewayAuth,
        requestId: expect.any(String),
        gateway: { status: 401, code: 'AuthenticationError' },
      },
    });
  });

  it.each([
    ['the server’s', SERVER_KEY, { GATEWAY_API_KEY: SERVER_KEY }],
    ['the caller’s', CALLERS_KEY, {} as Record<string, string>],
  ])('is never shown, wherever the gateway says it: %s', async (_, key, env) => {
    const echo = `Incorrect API key provided: ${key}. Request id: ${key}`;
    const said = { message: echo, code: `bad_${key}`, type: key, param: key };
    const faults: Fault[] = [400, 401, 403, 404, 429, 500, 200].flatMap((status) => [
      say(answer(status, { error: said }, { 'x-request-id': key, 'retry-after': '60' })),
      say(answer(status, echo, { 'content-type': 'text/html', 'x-request-id': key, 'retry-after': '60' })),
      say(answer(status, { error: { ...said, code: echo } })),
    ]);
    const event = `data: ${JSON.stringify({ error: said })}\n\n`;
    faults.push(sayAndEnd(head(200, { 'content-type': 'text/event-stream' }) + event));
    await using upstream = await FaultyUpstream.start(silence);
    await using server = await TestServer.start({ GATEWAY_URL: upstream.url, LOG_LEVEL: 'trace', ...env });
    for (const fault of faults) {
      upstream.fault = fault;
      for (const ask of [create, chat, chatStream]) {
        const errors = await ask(server, passthrough);
        expect(errors).toHaveLength(1);
        expect(JSON.stringify(errors)).not.toContain(key);
      }
    }
    expect(upstream.requests.at(-1)).toContain(`Bearer ${key}`);
    expect(server.log.join('')).not.toContain(key);
  });
});
