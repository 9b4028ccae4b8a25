import { Gateway } from '../../src/gateway/data-source.js';
import { openProxy } from '../../src/gateway/http/connections.js';
import { CHAT_ANSWER, chunk, STREAM } from '../support/chat-answers.js';
import { ConnectProxy } from '../support/connect-proxy.js';
import { chat, chatStream, create, serverBefore } from '../support/doors.js';
import { drain } from '../support/drain.js';
import { eventually } from '../support/eventually.js';
import { answer, type Fault, FaultyUpstream, head, say } from '../support/faulty-upstream.js';
import { SERVER_KEY, TestServer } from '../support/server.js';
import { CREATED } from '../support/stand-in.js';
import { QUESTION, TRANSPORTS } from '../support/streams.js';

const SECRET = 'a-secret-of-the-proxy';
const EVENTS = { 'content-type': 'text/event-stream' };

const LIMITS = {
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 5_000,
  idleTimeoutMs: 5_000,
  totalTimeoutMs: 20_000,
  maxResponseBytes: 1_000_000,
};

const sound: Fault = (socket, request) => {
  if (request.includes('/context/create')) socket.write(answer(200, CREATED));
  else if (!request.includes('"stream":true')) socket.write(answer(200, CHAT_ANSWER));
  else socket.write(answer(200, STREAM, EVENTS));
};

function through(proxy: ConnectProxy, more: Record<string, string> = {}): Record<string, string> {
  return { HTTP_PROXY: `http://user:${SECRET}@${proxy.host}`, ...more };
}

describe('a proxy on the way to the gateway', () => {
  it('carries every call, in a tunnel, with its own password', async () => {
    await using proxy = await ConnectProxy.start();
    await using upstream = await FaultyUpstream.start(sound);
    await using server = await serverBefore(upstream, through(proxy));
    for (const ask of [create, chat, chatStream]) expect(await ask(server)).toEqual([]);
    expect(upstream.requests).toHaveLength(3);
    expect(proxy.tunnels.length).toBeGreaterThan(0);
    for (const { target, headers } of proxy.tunnels) {
      expect(target).toBe(new URL(upstream.url).host);
      const basic = Buffer.from(`user:${SECRET}`).toString('base64');
      expect(headers['proxy-authorization']).toBe(`Basic ${basic}`);
      expect(JSON.stringify(headers)).not.toContain(SERVER_KEY);
    }
    for (const request of upstream.requests) expect(request).not.toMatch(/proxy-authorization/i);
  });

  it.each([
    ['its host', '127.0.0.1'],
    ['all', '*'],
    ['others, too', 'example.com, 127.0.0.1'],
  ])('is passed by where NO_PROXY names %s', async (_, noProxy) => {
    await using proxy = await ConnectProxy.start();
    await using upstream = await FaultyUpstream.start(sound);
    await using server = await serverBefore(upstream, through(proxy, { NO_PROXY: noProxy }));
    expect(await create(server)).toEqual([]);
    expect(proxy.tunnels).toEqual([]);
  });

  it('is not taken to the sandbox', async () => {
    await using proxy = await ConnectProxy.start();
    await using server = await TestServer.start({ GATEWAY_URL: 'sandbox:', ...through(proxy) });
    expect((await server.query('{ models { id } }')).errors).toEqual([]);
    expect(proxy.tunnels).toEqual([]);
  });

  it('gives a stream on as it comes, and ends it at the gateway when the caller leaves', async () => {
    await using proxy = await ConnectProxy.start();
    await using upstream = await FaultyUpstream.start(sound);
    await using server = await serverBefore(upstream, through(proxy));
    upstream.fault = say(head(200, EVENTS) + chunk({ content: 'a' }));
    const client = TRANSPORTS[0]?.[1](server);
    const stream = client?.open();
    expect((await stream?.next())?.value?.data.chatStream).toMatchObject({ content: 'a' });
    client?.close();
    await upstream.quiet();
  });

  it.each(['ends', 'breaks'])(
    'carries what is left of an answer whose connection %s before a slow reader',
    async (how) => {
      await using proxy = await ConnectProxy.start();
      const first = chunk({ content: 'a' });
      let onTaken: () => void = () => undefined;
      await using upstream = await FaultyUpstream.start((socket) => {
        socket.write(head(200, EVENTS) + first);
        const end = () => (how === 'ends' ? socket.end() : socket.resetAndDestroy());
        onTaken = () => void socket.write(chunk({ content: '.' }, 'stop').padStart(200_000, '\n'), end);
      });
      const agent = openProxy({ httpProxy: `http://${proxy.host}` }, LIMITS);
      const gateway = new Gateway({ url: upstream.url, ...LIMITS, proxy: agent });
      const as = gateway.forCaller({
        credential: { key: 'sk-1', owner: 'server' },
        signal: new AbortController().signal,
      });
      const taken: (string | null)[] = [];
      const answer = drain(as.chatStream('context', { ...QUESTION, messages: [] }), async ({ content }) => {
        taken.push(content);
        if (taken.length > 1) return;
        onTaken();
        await upstream.quiet();
      });
      const outcome = await answer.then(
        () => 'OK',
        ({ code }) => code,
      );
      if (how === 'ends') expect([outcome, taken]).toEqual(['OK', ['a', '.']]);
      else expect(taken[0]).toBe('a');
      await gateway.close();
      await agent.destroy();
    },
  );

  it('that refuses is named in the log, without its password', async () => {
    await using upstream = await FaultyUpstream.start(sound);
    await using proxy = await ConnectProxy.start({ status: 407 });
    const env = { GATEWAY_URL: upstream.url, GATEWAY_API_KEY: SERVER_KEY, ...through(proxy) };
    await using server = await TestServer.start(env);
    const [error] = await create(server);
    expect(error?.extensions).toMatchObject({ code: 'GATEWAY_UNAVAILABLE', retryable: true });
    expect(upstream.connections).toBe(0);
    await eventually(() => server.log.some((line) => line.includes('PROXY_ANSWERED_407')));
    expect(server.log.join('')).not.toContain(SECRET);
  });

  it('that says nothing is given up after the time for a connection', async () => {
    await using silent = await FaultyUpstream.start(() => undefined);
    const env = { HTTP_PROXY: new URL(silent.url).origin, GATEWAY_CONNECT_TIMEOUT_MS: '200' };
    await using server = await TestServer.start({
      GATEWAY_URL: 'http://gateway.example/v1',
      GATEWAY_API_KEY: SERVER_KEY,
      ...env,
    });
    const [error] = await create(server);
    expect(error?.extensions).toMatchObject({ retryable: true });
    expect(['GATEWAY_TIMEOUT', 'GATEWAY_UNAVAILABLE']).toContain(error?.extensions.code);
  });
});
