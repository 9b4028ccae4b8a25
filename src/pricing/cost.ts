// Big is exact for sums, differences and products; no float touches an amount.
import Big from 'big.js';
import type { GatewayUsage } from '../gateway/types.js';
import type { Prices } from './prices.js';
import type { Cost, Money } from './types.js';

/** The tokens of one call, none of them in two parts. */
export interface TokenParts {
  /** Neither from the cache nor written to it. */
  input: number;
  cachedInput: number;
  cacheWrite: number;
  output: number;
}

/** If the parts exceed the whole, cached tokens take precedence. */
export function partsOf(usage: GatewayUsage): TokenParts {
  const { promptTokens, completionTokens: output } = usage;
  const cachedInput = Math.min(usage.promptTokensDetails?.cachedTokens ?? 0, promptTokens);
  const cacheWrite = Math.min(usage.cacheCreationInputTokens ?? 0, promptTokens - cachedInput);
  return { input: promptTokens - cachedInput - cacheWrite, cachedInput, cacheWrite, output };
}

export function costOf(usage: GatewayUsage, prices: Prices): Cost {
  const parts = partsOf(usage);
  const input = priceOf(parts.input, prices.input);
  const cachedInput = priceOf(parts.cachedInput, prices.cachedInput);
  const cacheWrite = priceOf(parts.cacheWrite, prices.cacheWrite);
  const output = priceOf(parts.output, prices.output);
  const money = (amount: Big) => toMoney(amount, prices.currency);
  return {
    total: money(input.plus(cachedInput).plus(cacheWrite).plus(output)),
    input: money(input),
    cachedInput: money(cachedInput),
    cacheWrite: money(cacheWrite),
    output: money(output),
  };
}

/** `price`: per million tokens. */
export function priceOf(tokens: number, price: string | Big): Big {
  return Big(price).times(tokens).times('0.000001');
}

export function toMoney(amount: Big, currency: string): Money {
  return { amount: amount.toFixed(), currency };
}
