import fc from 'fast-check';
import pino from 'pino';
import { ErrorCode } from '../../src/errors.js';
import { CallerLimits } from '../../src/limits/caller-limits.js';
import { type Counter, memoryCounters } from '../../src/limits/counters.js';

const silent = pino({ level: 'silent' });

describe('retryAfter', () => {
  it('is at least 1 and at most the window, whatever the clock does', async () => {
    const config = { createsPerMinute: 1, chatsPerMinute: 1, tokensPerDay: 1, billionthsPerDay: 0 };
    await fc.assert(
      fc.asyncProperty(fc.double({ noNaN: true }), fc.boolean(), async (msLeft, isQuota) => {
        const newCounter = ({ name }: { name: string }): Counter => {
          const total = name === 'tokens' ? Number(isQuota) : 2;
          const counter: Counter = {
            add: async () => ({ total, msLeft, counter }),
            read: async () => ({ total, msLeft, counter }),
          };
          return counter;
        };
        const error = await new CallerLimits(config, newCounter, silent).consumeChat('alice').catch((e) => e);
        expect(error.code).toBe(isQuota ? ErrorCode.QUOTA_EXCEEDED : ErrorCode.RATE_LIMITED);
        expect(error.details.retryAfter).toBeGreaterThanOrEqual(1);
        expect(error.details.retryAfter).toBeLessThanOrEqual(isQuota ? 86_400 : 60);
      }),
    );
  });
});

describe('a reservation', () => {
  const config = { createsPerMinute: 0, chatsPerMinute: 0, tokensPerDay: 1_000, billionthsPerDay: 0 };

  it('leaves the used tokens counted, whatever was estimated', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(2_000), fc.nat(50)), { maxLength: 15 }),
        async (calls: [number, number][]) => {
          const counters: Counter[] = [];
          const limits = new CallerLimits(
            config,
            (options) => {
              const counter = memoryCounters(options);
              counters.push(counter);
              return counter;
            },
            silent,
          );
          let used = 0;
          const reserved = await Promise.all(
            calls.map(([estimate]) => limits.reserve('alice', async () => estimate).catch(() => undefined)),
          );
          for (const [index, reservation] of reserved.entries()) {
            if (!reservation) continue;
            used += calls[index]?.[1] ?? 0;
            await reservation.settle(calls[index]?.[1] ?? 0);
          }
          expect((await counters[0]?.read('alice'))?.total).toBe(used);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('estimates nothing without a quota', async () => {
    const limits = new CallerLimits({ ...config, tokensPerDay: 0 }, memoryCounters, silent);
    let isEstimated = false;
    const estimate = async () => {
      isEstimated = true;
      return 1;
    };
    await (await limits.reserve('alice', estimate)).settle(5);
    expect(isEstimated).toBe(false);
  });
});
