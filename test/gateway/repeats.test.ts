import { cancelled } from '../../src/errors.js';
import { Gateway, type GatewayDataSource } from '../../src/gateway/data-source.js';
import { CHAT_ANSWER, chunk, STREAM } from '../support/chat-answers.js';
import { drain } from '../support/drain.js';
import {
  answer,
  type Fault,
  FaultyUpstream,
  head,
  inTurn,
  say,
  sayAndEnd,
  sayAndReset,
  silence,
} from '../support/faulty-upstream.js';
import { CREATED } from '../support/stand-in.js';

const LIMITS = {
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 5_000,
  idleTimeoutMs: 5_000,
  totalTimeoutMs: 20_000,
  maxResponseBytes: 100_000,
};
const QUESTION = { contextId: 'ctx-1', model: 'm', messages: [{ content: 'hello' }] };

/** What one call comes to, and how many requests the gateway read. */
async function ask<T>(
  fault: Fault,
  call: (gateway: GatewayDataSource) => Promise<T>,
  {
    signal = new AbortController().signal,
    ...limits
  }: Partial<typeof LIMITS> & { signal?: AbortSignal } = {},
) {
  await using upstream = await FaultyUpstream.start(fault);
  const gateway = new Gateway({ url: upstream.url, ...LIMITS, ...limits });
  try {
    const result = await call(gateway.forCaller({ credential: { key: 'sk-1', owner: 'server' }, signal }));
    return { result, error: undefined, requests: upstream.requests };
  } catch (error) {
    return { result: undefined, error, requests: upstream.requests };
  } finally {
    await gateway.close();
  }
}

const refuse = (status: number, headers: Record<string, string> = {}) => say(answer(status, '', headers));
const EVENTS = { 'content-type': 'text/event-stream' };
const stream = (repeatable: boolean) => async (gateway: GatewayDataSource) => {
  const texts: (string | null)[] = [];
  await drain(gateway.chatStream('context', QUESTION, { repeatable }), ({ content }) => texts.push(content));
  return texts.join('');
};

describe('a creation', () => {
  const createContext = (gateway: GatewayDataSource) => gateway.createContext('context', QUESTION);

  it.each([
    ['429', {}],
    ['429', { 'retry-after': '0' }],
    ['503', {}],
    ['503', { 'retry-after': '1' }],
  ])('is sent again after %s %p', async (status, headers) => {
    const fault = inTurn(refuse(Number(status), headers), say(answer(200, CREATED)));
    const { result, requests } = await ask(fault, createContext);
    expect(result?.id).toBe(CREATED.id);
    expect(requests).toHaveLength(2);
    expect(requests[1]).toBe(requests[0]);
  });

  it.each([
    ['a reset', sayAndReset('')],
    ['500', refuse(500)],
    ['502', refuse(502)],
    ['504', refuse(504)],
    ['half an answer', sayAndEnd(`${head(200, { 'content-length': 100 })}{`)],
  ])('is not sent again after %s: there might be two', async (_, fault) => {
    const { error, requests } = await ask(inTurn(fault, say(answer(200, CREATED))), createContext);
    expect(error).toMatchObject({ retryable: true });
    expect(requests).toHaveLength(1);
  });

  it('ends in its total timeout, however many retries there could be', async () => {
    const { error, requests } = await ask(refuse(429, { 'retry-after': '2' }), createContext, {
      totalTimeoutMs: 1_000,
    });
    expect(error).toMatchObject({ code: 'GATEWAY_TIMEOUT' });
    expect(requests).toHaveLength(1);
  });

  it('is not sent again where the caller leaves during the wait', async () => {
    const leaving = new AbortController();
    const fault: Fault = (socket) =>
      socket.write(answer(429, '', { 'retry-after': '2' }), () => leaving.abort(cancelled()));
    const { error, requests } = await ask(fault, createContext, { signal: leaving.signal });
    expect(error).toMatchObject({ code: 'CANCELLED' });
    expect(requests).toHaveLength(1);
  });
});

const LOSSES: [string, Fault, Fault][] = [
  // What is lost of a whole answer, what of a stream before its first event.
  ['a reset', sayAndReset(''), sayAndReset('')],
  ['502', refuse(502), refuse(502)],
  ['503', refuse(503), refuse(503)],
  ['504', refuse(504), refuse(504)],
  ['520', refuse(520), refuse(520)],
  [
    'an answer that is cut short',
    sayAndEnd(`${head(200, { 'content-length': 100 })}{`),
    sayAndEnd(`${head(200, { ...EVENTS, 'content-length': 100 })}: keep-alive\n\n`),
  ],
  ['an empty answer', sayAndEnd(head(200, { 'content-length': 9 })), sayAndEnd(head(200, EVENTS))],
];

describe('a chat on a session', () => {
  it.each(LOSSES)('is never sent twice: %s', async (_, loss, streamLoss) => {
    const whole = await ask(inTurn(loss, say(answer(200, CHAT_ANSWER))), (gateway) =>
      gateway.chat('context', QUESTION),
    );
    const streamed = await ask(inTurn(streamLoss, sayAndEnd(head(200, EVENTS) + STREAM)), stream(false));
    for (const { error, requests } of [whole, streamed]) {
      expect(error).toMatchObject({ retryable: true });
      expect(requests).toHaveLength(1);
    }
  });

  it('is tried again where no connection could be made, for then it was never read', async () => {
    // A TLS client before a server that resets each connection before it is secured.
    await using upstream = await FaultyUpstream.start(silence, (socket) => socket.resetAndDestroy());
    const gateway = new Gateway({ url: upstream.url.replace('http:', 'https:'), ...LIMITS });
    const as = gateway.forCaller({
      credential: { key: 'sk-1', owner: 'server' },
      signal: new AbortController().signal,
    });
    await expect(as.chat('context', QUESTION)).rejects.toMatchObject({ code: 'GATEWAY_UNAVAILABLE' });
    await expect(stream(false)(as)).rejects.toMatchObject({ code: 'GATEWAY_UNAVAILABLE' });
    expect(upstream.connections).toBe(6);
    await gateway.close();
  });
});

describe('a chat on a prefix', () => {
  it.each(LOSSES)('is sent again after %s', async (_, loss, streamLoss) => {
    const whole = await ask(inTurn(loss, loss, say(answer(200, CHAT_ANSWER))), (gateway) =>
      gateway.chat('context', QUESTION, { repeatable: true }),
    );
    expect(whole.result?.id).toBe(CHAT_ANSWER.id);
    const events = sayAndEnd(head(200, EVENTS) + STREAM);
    const streamed = await ask(inTurn(streamLoss, streamLoss, events), stream(true));
    expect(streamed.result).toBe('Hi 您好😀');
    for (const { requests } of [whole, streamed]) expect(requests).toHaveLength(3);
  });

  it('is not sent again once a part of its stream was delivered', async () => {
    const half = sayAndReset(head(200, EVENTS) + chunk({ content: 'half' }));
    const { error, requests } = await ask(half, stream(true));
    expect(error).toMatchObject({ code: 'GATEWAY_BAD_RESPONSE' });
    expect(requests).toHaveLength(1);
  });

  it('is not sent again after a timeout or an answer of the wrong shape', async () => {
    const chat = (gateway: GatewayDataSource) => gateway.chat('context', QUESTION, { repeatable: true });
    const silent = await ask(silence, chat, { headersTimeoutMs: 300 });
    const wrong = await ask(say(answer(200, '[]')), chat);
    expect([silent.error, wrong.error]).toMatchObject([
      { code: 'GATEWAY_TIMEOUT' },
      { code: 'GATEWAY_BAD_RESPONSE' },
    ]);
    for (const { requests } of [silent, wrong]) expect(requests).toHaveLength(1);
  });
});
