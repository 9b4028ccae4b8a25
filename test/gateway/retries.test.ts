import { cancelled, ErrorCode } from '../../src/errors.js';
import { Gateway } from '../../src/gateway/data-source.js';
import {
  badResponse,
  cutShort,
  type Fate,
  GatewayError,
  timedOut,
} from '../../src/gateway/errors.js';
import { delayBeforeRetry, type RepeatedCall, Retries, RetryBudget } from '../../src/gateway/retries.js';
import { CHAT_ANSWER, chunk, STREAM } from '../support/chat-answers.js';
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

const create: RepeatedCall = { operation: 'createContext' };
const session: RepeatedCall = { operation: 'chat', repeatable: false };
const prefix: RepeatedCall = { operation: 'chat', repeatable: true };

const failure = (fate: Fate, retryAfter?: number, code = ErrorCode.GATEWAY_UNAVAILABLE) =>
  new GatewayError(code, 'no', {}, fate, retryAfter);

describe('whether a failed call is sent again', () => {
  const isSent = (error: unknown, call: RepeatedCall) =>
    delayBeforeRetry(error, call, 0, () => 0) !== undefined;

  const cases: [string, unknown, boolean, boolean, boolean][] = [
    // What failed, then: a creation, a chat on a session, a chat on a prefix.
    ['no connection', failure('unsent'), true, true, true],
    ['429 or 503', failure('refused'), true, false, true],
    [
      '429 for want of a balance',
      failure('refused', undefined, ErrorCode.QUOTA_EXCEEDED),
      false,
      false,
      false,
    ],
    ['a lost answer', failure('lost'), false, false, true],
    ['an answer that was cut short', cutShort(), false, false, true],
    ['500', failure('answered'), false, false, false],
    ['an answer that is not of the contract', badResponse('it has no id'), false, false, false],
    ['a time-out', timedOut('to begin its answer'), false, false, false],
    ['a caller who left', cancelled(), false, false, false],
    ['a bug', new TypeError('x is not a function'), false, false, false],
  ];
  it.each(cases)('%s', (_, error, creation, onSession, onPrefix) => {
    expect([create, session, prefix].map((call) => isSent(error, call))).toEqual([
      creation,
      onSession,
      onPrefix,
    ]);
  });

  it('is sent again twice at most', () => {
    const delays = [0, 1, 2].map((retries) => delayBeforeRetry(failure('unsent'), create, retries, () => 0));
    expect(delays).toEqual([0, 0, undefined]);
  });
});

describe('the wait before a retry', () => {
  const delay = (retryAfter: number | undefined, retries: number, random: number) =>
    delayBeforeRetry(failure('refused', retryAfter), create, retries, () => random);

  it('is drawn from all of a span that doubles', () => {
    expect([delay(undefined, 0, 0), delay(undefined, 0, 0.5), delay(undefined, 0, 1)]).toEqual([0, 100, 200]);
    expect([delay(undefined, 1, 0), delay(undefined, 1, 1)]).toEqual([0, 400]);
  });

  it('is never shorter than the gateway asks for', () => {
    expect([delay(1, 0, 0), delay(2, 0, 0), delay(2, 0, 0.5)]).toEqual([1_000, 2_000, 2_100]);
  });

  it('is not begun where the gateway asks for more than two seconds', () => {
    expect([delay(3, 0, 0), delay(99_999_999, 0, 0)]).toEqual([undefined, undefined]);
  });
});

describe('the budget of retries', () => {
  const spendAll = (budget: RetryBudget) => {
    let count = 0;
    while (budget.spend()) count++;
    return count;
  };

  it('allows ten, then a fifth of the calls', () => {
    const budget = new RetryBudget();
    expect(spendAll(budget)).toBe(10);
    for (let calls = 0; calls < 49; calls++) budget.earn();
    expect(spendAll(budget)).toBe(9);
    budget.earn();
    expect(spendAll(budget)).toBe(1);
  });

  it('saves up no more than ten', () => {
    const budget = new RetryBudget();
    for (let calls = 0; calls < 1_000; calls++) budget.earn();
    expect(spendAll(budget)).toBe(10);
  });
});

describe('the attempts of a call', () => {
  const waits: number[] = [];
  const chance = { random: () => 0.5, wait: async (milliseconds: number) => void waits.push(milliseconds) };
  const never = new AbortController().signal;
  beforeEach(() => waits.splice(0));

  it('end with the first success', async () => {
    const failures = [failure('unsent'), failure('refused', 1)];
    const attempt = async () => {
      const error = failures.shift();
      if (error) throw error;
      return 'there';
    };
    expect(await new Retries(chance).run(create, never, attempt)).toBe('there');
    expect(waits).toEqual([100, 1_200]);
  });

  it('end with the last failure', async () => {
    let count = 0;
    const attempt = async () => {
      throw failure('refused', ++count === 3 ? 2 : 0);
    };
    await expect(new Retries(chance).run(create, never, attempt)).rejects.toMatchObject({ retryAfter: 2 });
    expect(count).toBe(3);
  });

  it('are no more than the budget has', async () => {
    const retries = new Retries(chance);
    let count = 0;
    const attempt = async () => {
      count++;
      throw failure('unsent');
    };
    for (let calls = 0; calls < 100; calls++)
      await retries.run(create, never, attempt).catch(() => undefined);
    // 100 calls, a fifth of them again, and ten.
    expect(count).toBeGreaterThanOrEqual(120);
    expect(count).toBeLessThanOrEqual(130);
  });

  it('end while they wait, for the reason that the signal has', async () => {
    const leaving = new AbortController();
    const reason = cancelled();
    let count = 0;
    const wait = async () => leaving.abort(reason);
    const attempt = async () => {
      count++;
      throw failure('unsent');
    };
    const run = new Retries({ ...chance, wait }).run(create, leaving.signal, attempt);
    await expect(run).rejects.toBe(reason);
    expect(count).toBe(1);
  });

  it('do not wait on once the signal is aborted', async () => {
    const leaving = new AbortController();
    const attempt = async () => {
      setImmediate(() => leaving.abort(cancelled()));
      throw failure('refused', 2);
    };
    const began = performance.now();
    await expect(new Retries().run(create, leaving.signal, attempt)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    // The wait itself would have been two seconds at least.
    expect(performance.now() - began).toBeLessThan(1_900);
  });
});

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
  call: (gateway: ReturnType<Gateway['as']>) => Promise<T>,
  {
    signal = new AbortController().signal,
    ...limits
  }: Partial<typeof LIMITS> & { signal?: AbortSignal } = {},
) {
  await using upstream = await FaultyUpstream.start(fault);
  const gateway = new Gateway({ url: upstream.url, ...LIMITS, ...limits });
  try {
    const result = await call(gateway.as({ key: 'sk-1', owner: 'server' }, signal));
    return { result, error: undefined, requests: upstream.requests };
  } catch (error) {
    return { result: undefined, error, requests: upstream.requests };
  } finally {
    await gateway.close();
  }
}

const refuse = (status: number, headers: Record<string, string> = {}) => say(answer(status, '', headers));
const EVENTS = { 'content-type': 'text/event-stream' };
const stream = (repeatable: boolean) => async (gateway: ReturnType<Gateway['as']>) => {
  const texts = [];
  for await (const part of gateway.chatStream(QUESTION, { repeatable })) {
    if ('delta' in part) texts.push(part.delta.content);
  }
  return texts.join('');
};

describe('a creation', () => {
  const createContext = (gateway: ReturnType<Gateway['as']>) => gateway.createContext(QUESTION);

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

  it('ends in its total time-out, however many retries there could be', async () => {
    const { error, requests } = await ask(refuse(429, { 'retry-after': '2' }), createContext, {
      totalTimeoutMs: 1_000,
    });
    expect(error).toMatchObject({ code: 'GATEWAY_TIMEOUT' });
    expect(requests).toHaveLength(1);
  });

  it('is not sent again where the caller leaves during the wait', async () => {
    const leaving = new AbortController();
    const fault: Fault = (socket) =>
      socket.write(answer(429, '', { 'retry-after': '2' }), () => leaving.abort());
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
  [
    'an answer that is cut short',
    sayAndEnd(`${head(200, { 'content-length': 100 })}{`),
    sayAndEnd(`${head(200, { ...EVENTS, 'content-length': 100 })}: keep-alive\n\n`),
  ],
  ['an empty answer', sayAndEnd(head(200, { 'content-length': 9 })), sayAndEnd(head(200, EVENTS))],
];

describe('a chat on a session', () => {
  it.each(LOSSES)('is never sent twice: %s', async (_, loss, streamLoss) => {
    const whole = await ask(inTurn(loss, say(answer(200, CHAT_ANSWER))), (gateway) => gateway.chat(QUESTION));
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
    const as = gateway.as({ key: 'sk-1', owner: 'server' }, new AbortController().signal);
    await expect(as.chat(QUESTION)).rejects.toMatchObject({ code: 'GATEWAY_UNAVAILABLE' });
    await expect(stream(false)(as)).rejects.toMatchObject({ code: 'GATEWAY_UNAVAILABLE' });
    expect(upstream.connections).toBe(6);
    await gateway.close();
  });
});

describe('a chat on a prefix', () => {
  it.each(LOSSES)('is sent again after %s', async (_, loss, streamLoss) => {
    const whole = await ask(inTurn(loss, loss, say(answer(200, CHAT_ANSWER))), (gateway) =>
      gateway.chat(QUESTION, { repeatable: true }),
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

  it('is not sent again after a time-out or an answer of the wrong shape', async () => {
    const chat = (gateway: ReturnType<Gateway['as']>) => gateway.chat(QUESTION, { repeatable: true });
    const silent = await ask(silence, chat, { headersTimeoutMs: 300 });
    const wrong = await ask(say(answer(200, '[]')), chat);
    expect([silent.error, wrong.error]).toMatchObject([
      { code: 'GATEWAY_TIMEOUT' },
      { code: 'GATEWAY_BAD_RESPONSE' },
    ]);
    for (const { requests } of [silent, wrong]) expect(requests).toHaveLength(1);
  });
});
