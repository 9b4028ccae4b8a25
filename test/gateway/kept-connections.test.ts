import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Gateway, type GatewayDataSource } from '../../src/gateway/data-source.js';
import { openProxy } from '../../src/gateway/http/connections.js';
import { CHAT_ANSWER, STREAM } from '../support/chat-answers.js';
import { ConnectProxy } from '../support/connect-proxy.js';
import { drain } from '../support/drain.js';
import { answer, type Fault, FaultyUpstream } from '../support/faulty-upstream.js';
import { CREATED } from '../support/stand-in.js';

const LIMITS = {
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 5_000,
  idleTimeoutMs: 5_000,
  totalTimeoutMs: 20_000,
  maxResponseBytes: 100_000,
};
const QUESTION = { contextId: 'ctx-1', model: 'm', messages: [{ content: 'hello' }] };
type Ask = (gateway: GatewayDataSource) => Promise<unknown>;
const chat: Ask = (gateway) => gateway.chat('context', QUESTION);
const stream: Ask = (gateway) => drain(gateway.chatStream('context', QUESTION));
const create: Ask = (gateway) => gateway.createContext('context', QUESTION);

/** What closes a connection: at once, or in order. */
const CLOSES: [string, (socket: Socket) => void][] = [
  ['ends', (socket) => void socket.end()],
  ['resets', (socket) => void socket.resetAndDestroy()],
];

const sound: Fault = (socket, request) => {
  if (request.includes('/context/create')) socket.write(answer(200, CREATED));
  else if (!request.includes('"stream":true')) socket.write(answer(200, CHAT_ANSWER));
  else socket.write(answer(200, STREAM, { 'content-type': 'text/event-stream' }));
};

/** A call, then another on the same connection, which counts as idle by then. */
async function askTwice(upstream: FaultyUpstream, ask: Ask, holdBackMs?: number, httpProxy?: string) {
  const options = { ...LIMITS, freshMs: -1, ...(holdBackMs !== undefined && { holdBackMs }) };
  const proxy = httpProxy === undefined ? undefined : openProxy({ httpProxy }, options);
  const gateway = new Gateway({ url: upstream.url, ...options, ...(proxy && { proxy }) });
  try {
    const as = gateway.forCaller({
      credential: { key: 'sk-1', owner: 'server' },
      signal: new AbortController().signal,
    });
    await ask(as);
    // undici gives the connection back at the end of the event loop's turn.
    await nextTurn();
    return await ask(as).then(
      () => 'answered',
      ({ code }) => code,
    );
  } finally {
    await gateway.close();
    await proxy?.destroy();
  }
}

const ASKS: [string, Ask][] = [
  ['a session chat', chat],
  ['a streamed session chat', stream],
  ['a creation', create],
];

describe.each(CLOSES)('a gateway that %s an idle connection as a request comes', (_, close) => {
  it.each([
    ...ASKS.map(([name, ask]) => [name, 'directly', ask] as const),
    ['a session chat', 'through a proxy', chat] as const,
  ])('gets %s %s once, on another connection', async (_name, way, ask) => {
    await using proxy = await ConnectProxy.start();
    const used = new Set<Socket>();
    const fault: Fault = (socket, request) => {
      used.add(socket);
      sound(socket, request);
    };
    await using upstream = await FaultyUpstream.start(fault, (socket) => {
      socket.on('data', () => used.has(socket) && close(socket));
    });
    // Long enough for a busy machine to see the close.
    const httpProxy = way === 'directly' ? undefined : `http://${proxy.host}`;
    expect(await askTwice(upstream, ask, 1_000, httpProxy)).toBe('answered');
    // Whole requests: the one that was cut is not among them.
    expect(upstream.requests).toHaveLength(2);
    expect(upstream.connections).toBe(2);
  });

  it.each(ASKS)('and has read it whole does not get %s again', async (_name, ask) => {
    const used = new Set<Socket>();
    const fault: Fault = (socket, request) => {
      if (used.has(socket)) return close(socket);
      used.add(socket);
      sound(socket, request);
    };
    await using upstream = await FaultyUpstream.start(fault);
    expect(await askTwice(upstream, ask)).toBe('GATEWAY_UNAVAILABLE');
    expect(upstream.requests).toHaveLength(2);
    expect(upstream.connections).toBe(1);
  });
});

describe('a kept connection', () => {
  it('is used again, and carries the same request', async () => {
    await using upstream = await FaultyUpstream.start(sound);
    expect(await askTwice(upstream, chat)).toBe('answered');
    expect(upstream.connections).toBe(1);
    const [first, second] = upstream.requests.map((request) => request.split('\r\n\r\n')[1]);
    expect(second).toBe(first);
  });

  it('is not used where the gateway has ended it since', async () => {
    await using upstream = await FaultyUpstream.start((socket, request) => {
      sound(socket, request);
      socket.end();
    });
    const gateway = new Gateway({ url: upstream.url, ...LIMITS });
    const as = gateway.forCaller({
      credential: { key: 'sk-1', owner: 'server' },
      signal: new AbortController().signal,
    });
    for (let calls = 0; calls < 3; calls++) {
      await chat(as);
      await upstream.quiet();
    }
    expect(upstream.connections).toBe(3);
    await gateway.close();
  });

  it('is given up before the gateway’s Keep-Alive says that it ends', async () => {
    await using upstream = await FaultyUpstream.start((socket) =>
      socket.write(answer(200, CHAT_ANSWER, { 'keep-alive': 'timeout=1' })),
    );
    const gateway = new Gateway({ url: upstream.url, ...LIMITS });
    const as = gateway.forCaller({
      credential: { key: 'sk-1', owner: 'server' },
      signal: new AbortController().signal,
    });
    await chat(as);
    await upstream.quiet();
    await chat(as);
    expect(upstream.connections).toBe(2);
    await gateway.close();
  });
});
