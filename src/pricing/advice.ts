import Big from 'big.js';
import { priceOf, toMoney } from './cost.js';
import type { Prices } from './prices.js';
import type { CachingAdvice } from './types.js';

const HOURS_PER_DAY = 24;
/** Seconds, by context-create.zh.txt. */
const MIN_TTL = 3_600;
const MAX_TTL = 604_800;
/** Digits behind the point of a 24th, which has no end as a decimal. */
const HOUR_DIGITS = 12;

/** Whether to cache a prompt of so many tokens at so many chats per hour. */
export function adviseCaching(prices: Prices, promptTokens: number, chatsPerHour: number): CachingAdvice {
  const { currency, input, cachedInput, cacheWrite, storagePerHour } = prices;
  const creation = Big(cacheWrite).div(HOURS_PER_DAY).round(HOUR_DIGITS);
  const fixed = creation.plus(storagePerHour);
  const saving = Big(input).minus(cachedInput);
  const withCache = priceOf(promptTokens, fixed.plus(Big(cachedInput).times(chatsPerHour)));
  const withoutCache = priceOf(promptTokens, Big(input).times(chatsPerHour));
  const worthIt = withCache.lt(withoutCache);
  return {
    worthIt,
    breakEvenChatsPerHour: saving.gt(0) ? fixed.div(saving).toNumber() : null,
    withCachePerHour: toMoney(withCache, currency),
    withoutCachePerHour: toMoney(withoutCache, currency),
    ttl: worthIt ? shortestTtl(chatsPerHour) : null,
  };
}

/** Chats that come at random leave a gap longer than t with probability exp(-rate * t). */
function shortestTtl(chatsPerHour: number): number | null {
  const seconds = Math.ceil((Math.log(100) / chatsPerHour) * 3_600);
  return seconds > MAX_TTL ? null : Math.max(seconds, MIN_TTL);
}
