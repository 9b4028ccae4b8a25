import Big from 'big.js';
import type { Spending } from '../store/spending.js';
import { priceOf, toMoney } from './cost.js';
import { type PackedPrices, type Prices, unpackPrices } from './prices.js';
import type { MoneyReport } from './types.js';

/** Decimal places of a share of storage: it may be a repeating decimal. */
const SHARE_DIGITS = 12;
const ZERO = Big(0);

/** Amounts in one currency. */
export interface Amounts {
  input: Big;
  cachedInput: Big;
  cacheWrite: Big;
  output: Big;
  storage: Big;
  withoutCache: Big;
  /** Of chats, not an amount. */
  tokens: number;
}

export const NO_AMOUNTS: Amounts = {
  input: ZERO,
  cachedInput: ZERO,
  cacheWrite: ZERO,
  output: ZERO,
  storage: ZERO,
  withoutCache: ZERO,
  tokens: 0,
};

export function amountsOf(spending: Spending): Amounts {
  const prices = pricesOf(spending);
  const { input, cachedInput, cacheWrite, output, chatPrompt, chatOutput, tokenHours } = spending;
  return {
    input: priceOf(input, prices.input),
    cachedInput: priceOf(cachedInput, prices.cachedInput),
    cacheWrite: priceOf(cacheWrite, prices.cacheWrite),
    output: priceOf(output, prices.output),
    storage: priceOf(tokenHours, prices.storagePerHour),
    withoutCache: priceOf(chatPrompt, prices.input).plus(priceOf(chatOutput, prices.output)),
    tokens: chatPrompt + chatOutput,
  };
}

export function addAmounts(one: Amounts, other: Amounts): Amounts {
  return {
    input: one.input.plus(other.input),
    cachedInput: one.cachedInput.plus(other.cachedInput),
    cacheWrite: one.cacheWrite.plus(other.cacheWrite),
    output: one.output.plus(other.output),
    storage: one.storage.plus(other.storage),
    withoutCache: one.withoutCache.plus(other.withoutCache),
    tokens: one.tokens + other.tokens,
  };
}

export function spentOf({ input, cachedInput, cacheWrite, output }: Amounts): Big {
  return input.plus(cachedInput).plus(cacheWrite).plus(output);
}

export function savedOf(amounts: Amounts): Big {
  return amounts.withoutCache.minus(spentOf(amounts)).minus(amounts.storage);
}

export function currencyOf(spending: Spending): string {
  return pricesOf(spending).currency;
}

/**
 * The currency of the latest day, because amounts in different currencies cannot be added up; the one with the most tokens if the
 * operator changed it on that day. undefined if nothing was spent.
 */
export function latestCurrency(all: readonly Spending[]): string | undefined {
  const latest = all.reduce((day, spending) => Math.max(day, spending.day), 0);
  const tokens = new Map<string, number>();
  for (const spending of all) {
    if (spending.day < latest) continue;
    const { input, cachedInput, cacheWrite, output } = spending;
    const currency = currencyOf(spending);
    tokens.set(currency, (tokens.get(currency) ?? 0) + input + cachedInput + cacheWrite + output);
  }
  return [...tokens].sort(([, one], [, other]) => other - one)[0]?.[0];
}

/** `storage`: beside that of the spending. `allTokens`: of the same chats, also those without a price. null if nothing has a price. */
export function moneyReport(
  all: readonly Spending[],
  storage: Big,
  allTokens: number,
  currency: string,
): MoneyReport | null {
  const priced = all.filter((spending) => currencyOf(spending) === currency);
  if (priced.length === 0) return null;
  const amounts = priced.map(amountsOf).reduce(addAmounts, { ...NO_AMOUNTS, storage });
  const money = (amount: Big) => toMoney(amount, currency);
  return {
    spent: {
      total: money(spentOf(amounts)),
      input: money(amounts.input),
      cachedInput: money(amounts.cachedInput),
      cacheWrite: money(amounts.cacheWrite),
      output: money(amounts.output),
    },
    storage: money(amounts.storage),
    withoutCache: money(amounts.withoutCache),
    saved: money(savedOf(amounts)),
    pricedShare: allTokens === 0 ? 1 : Math.min(amounts.tokens / allTokens, 1),
  };
}

/** A caller's part of what keeping a prompt's contexts cost, by the tokens of its chats with the prompt among those of all callers. */
export function storageShare(
  own: readonly Spending[],
  shared: readonly Spending[],
  isWanted: (spending: Spending) => boolean,
  currency: string,
): Big {
  const wanted = own.filter((spending) => spending.prompt !== '' && isWanted(spending));
  const kinds = new Set(wanted.map(({ model, prompt }) => JSON.stringify([model, prompt])));
  return [...kinds].reduce((sum, kind) => {
    const isOfKind = ({ model, prompt }: Spending) => JSON.stringify([model, prompt]) === kind;
    const all = shared.filter(isOfKind);
    const storage = all
      .filter((spending) => currencyOf(spending) === currency)
      .reduce((total, spending) => total.plus(amountsOf(spending).storage), ZERO);
    const userTokens = all.reduce((total, spending) => total + spending.userTokens, 0);
    const ownTokens = wanted
      .filter(isOfKind)
      .reduce((total, { chatPrompt, chatOutput }) => total + chatPrompt + chatOutput, 0);
    if (userTokens === 0) return sum;
    return sum.plus(storage.times(ownTokens).div(userTokens).round(SHARE_DIGITS, Big.roundDown));
  }, ZERO);
}

function pricesOf({ prices }: Spending): Prices {
  return unpackPrices(JSON.parse(prices) as PackedPrices);
}
