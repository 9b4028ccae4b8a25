import Big from 'big.js';
import { priceOf, toMoney } from './cost.js';
import type { Prices } from './prices.js';
import type { CachingAdvice } from './types.js';

const HOURS_PER_DAY = 24;
/** Seconds, by context-create.zh.txt. */
const MIN_TTL = 3_600;
const MAX_TTL = 604_800;
/** Digits behind the point of an hour's amount: a 24th may have no end as a decimal. */
const HOUR_DIGITS = 12;

/** Whether to cache a prompt of so many tokens at so many chats per hour. Whole days are compared, which are exact. */
export function adviseCaching(prices: Prices, promptTokens: number, chatsPerHour: number): CachingAdvice {
  const { currency, input, cachedInput, cacheWrite, storagePerHour } = prices;
  const chats = Big(chatsPerHour).times(HOURS_PER_DAY);
  const kept = Big(storagePerHour).times(HOURS_PER_DAY).plus(cacheWrite);
  const saving = Big(input).minus(cachedInput);
  const withCache = kept.plus(chats.times(cachedInput));
  const withoutCache = chats.times(input);
  const worthIt = withCache.lt(withoutCache);
  const perHour = (day: Big) =>
    toMoney(priceOf(promptTokens, day).div(HOURS_PER_DAY).round(HOUR_DIGITS), currency);
  return {
    worthIt,
    breakEvenChatsPerHour: saving.gt(0) ? kept.div(saving.times(HOURS_PER_DAY)).toNumber() : null,
    withCachePerHour: perHour(withCache),
    withoutCachePerHour: perHour(withoutCache),
    ttl: worthIt ? shortestTtl(chatsPerHour) : null,
  };
}

/** Chats that come at random leave a gap longer than t with probability exp(-rate * t). */
function shortestTtl(chatsPerHour: number): number | null {
  const seconds = Math.ceil((Math.log(100) / chatsPerHour) * 3_600);
  return seconds > MAX_TTL ? null : Math.max(seconds, MIN_TTL);
}
