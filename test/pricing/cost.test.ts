import fc from 'fast-check';
import type { GatewayUsage } from '../../src/gateway/types.js';
import { costOf, partsOf } from '../../src/pricing/cost.js';
import type { Prices } from '../../src/pricing/prices.js';

const PRICES: Prices = {
  currency: 'CNY',
  input: '0.80',
  cachedInput: '0.16',
  cacheWrite: '1.00',
  output: '2.00',
  storagePerHour: '0.017',
};

const usage = (
  promptTokens: number,
  completionTokens: number,
  cached: number | null,
  written: number | null,
) =>
  ({
    promptTokens,
    completionTokens,
    totalTokens: 0,
    promptTokensDetails: cached === null ? null : { cachedTokens: cached },
    completionTokensDetails: null,
    cacheCreationInputTokens: written,
  }) satisfies GatewayUsage;

const COUNT = fc.nat({ max: 2 ** 31 - 1 });
const USAGE = fc
  .tuple(COUNT, COUNT, fc.option(COUNT), fc.option(COUNT))
  .map((counts) => usage(...(counts as Parameters<typeof usage>)));
/** A price with six digits behind its point, as an integer of millionths. */
const PRICE = fc.nat({ max: 999_999_999 });
const textOf = (millionths: number) =>
  `${Math.floor(millionths / 1e6)}.${String(millionths % 1e6).padStart(6, '0')}`;

/** In units of 1e-12, which no digit of these prices exceeds. */
function units(amount: string): bigint {
  const [whole = '', fraction = ''] = amount.split('.');
  return BigInt(whole + fraction.padEnd(12, '0'));
}

describe('the cost of a call', () => {
  it('prices each token once', () => {
    expect(costOf(usage(1_000, 100, 600, 300), PRICES)).toEqual({
      total: { amount: '0.000676', currency: 'CNY' },
      input: { amount: '0.00008', currency: 'CNY' },
      cachedInput: { amount: '0.000096', currency: 'CNY' },
      cacheWrite: { amount: '0.0003', currency: 'CNY' },
      output: { amount: '0.0002', currency: 'CNY' },
    });
  });

  it('has disjoint parts that make up the prompt, whatever the gateway counts', () => {
    fc.assert(
      fc.property(USAGE, (counted) => {
        const { input, cachedInput, cacheWrite, output } = partsOf(counted);
        expect(input + cachedInput + cacheWrite).toBe(counted.promptTokens);
        expect(output).toBe(counted.completionTokens);
        for (const part of [input, cachedInput, cacheWrite]) expect(part).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('is exact to the last digit', () => {
    fc.assert(
      fc.property(USAGE, PRICE, PRICE, PRICE, PRICE, (counted, input, cachedInput, cacheWrite, output) => {
        const [i, c, w, o] = [input, cachedInput, cacheWrite, output];
        const prices = {
          ...PRICES,
          input: textOf(i),
          cachedInput: textOf(c),
          cacheWrite: textOf(w),
          output: textOf(o),
        };
        const parts = partsOf(counted);
        const expected =
          BigInt(parts.input) * BigInt(i) +
          BigInt(parts.cachedInput) * BigInt(c) +
          BigInt(parts.cacheWrite) * BigInt(w) +
          BigInt(parts.output) * BigInt(o);
        expect(units(costOf(counted, prices).total.amount)).toBe(expected);
      }),
    );
  });
});
