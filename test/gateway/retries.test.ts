import { setTimeout as pause } from 'node:timers/promises';
import { cancelled, ErrorCode } from '../../src/errors.js';
import {
  badResponse,
  cutShort,
  type Delivery,
  GatewayError,
  timedOut,
} from '../../src/gateway/errors/gateway-error.js';
import { delayBeforeRetry, type RetriedCall, Retries, RetryBudget } from '../../src/gateway/http/retries.js';

const create: RetriedCall = { operation: 'createContext' };
const session: RetriedCall = { operation: 'chat', repeatable: false };
const prefix: RetriedCall = { operation: 'chat', repeatable: true };

const failure = (delivery: Delivery, retryAfter?: number, code = ErrorCode.GATEWAY_UNAVAILABLE) =>
  new GatewayError(code, 'no', {}, { delivery, health: 'unknown', retryAfter });

describe('whether a failed call is sent again', () => {
  const isSent = (error: unknown, call: RetriedCall) =>
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
    ['a timeout', timedOut('to begin its answer'), false, false, false],
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
  let caller = new AbortController();
  beforeEach(() => {
    waits.splice(0);
    caller = new AbortController();
  });

  it('end with the first success', async () => {
    const failures = [failure('unsent'), failure('refused', 1)];
    const attempt = async () => {
      const error = failures.shift();
      if (error) throw error;
      return 'there';
    };
    expect(await new Retries(chance).run(create, caller.signal, attempt)).toBe('there');
    expect(waits).toEqual([100, 1_200]);
  });

  it('end with the last failure', async () => {
    let count = 0;
    const attempt = async () => {
      throw failure('refused', ++count === 3 ? 2 : 0);
    };
    await expect(new Retries(chance).run(create, caller.signal, attempt)).rejects.toMatchObject({
      failure: { retryAfter: 2 },
    });
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
      await retries.run(create, caller.signal, attempt).catch(() => undefined);
    // 100 calls, a fifth of them again, and ten.
    expect(count).toBeGreaterThanOrEqual(120);
    expect(count).toBeLessThanOrEqual(130);
  });

  it('end while they wait, where the caller leaves', async () => {
    let count = 0;
    const wait = async () => caller.abort(cancelled());
    const attempt = async () => {
      count++;
      throw failure('unsent');
    };
    const run = new Retries({ ...chance, wait }).run(create, caller.signal, attempt);
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(count).toBe(1);
  });

  it('do not wait on once the caller has left', async () => {
    const anHour = 3_600_000;
    const wait = (_: number, signal: AbortSignal) => {
      setImmediate(() => caller.abort(cancelled()));
      return pause(anHour, undefined, { signal });
    };
    const attempt = async () => {
      throw failure('refused');
    };
    const run = new Retries({ ...chance, wait }).run(create, caller.signal, attempt);
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
