import Big from 'big.js';
import { type CacheCapabilities, ContextExpiry } from '../gateway/caching-api.js';
import { priceOf, toMoney } from './cost.js';
import type { Prices } from './prices.js';
import type { CachingAdvice } from './types.js';

const MAX_INT = 2 ** 31 - 1;
const HOURS_PER_DAY = 24;
/** Seconds. A context is not used in its last minute, so one with a shorter ttl would hardly be used. */
export const MIN_USEFUL_TTL = 300;
const DAY = 86_400;
/** Decimal places of an hour's amount: a 24th may be a repeating decimal. */
const HOUR_DIGITS = 12;

/**
 * Whether to cache a prompt of so many tokens at so many chats per hour: never if it is shorter than the model caches. Whole days are
 * compared, which are exact.
 */
export function adviseCaching(
  prices: Prices,
  promptTokens: number,
  chatsPerHour: number,
  capabilities: CacheCapabilities,
): CachingAdvice {
  const { currency, input, cachedInput, cacheWrite, storagePerHour } = prices;
  const chats = Big(chatsPerHour).times(HOURS_PER_DAY);
  const kept = Big(storagePerHour).times(HOURS_PER_DAY).plus(cacheWrite);
  const saving = Big(input).minus(cachedInput);
  const withCache = kept.plus(chats.times(cachedInput));
  const withoutCache = chats.times(input);
  const canCache = promptTokens >= (capabilities.minPromptTokens ?? 0);
  const worthIt = canCache && withCache.lt(withoutCache);
  const perHour = (day: Big) =>
    toMoney(priceOf(promptTokens, day).div(HOURS_PER_DAY).round(HOUR_DIGITS), currency);
  return {
    worthIt,
    breakEvenChatsPerHour: canCache && saving.gt(0) ? kept.div(saving.times(HOURS_PER_DAY)).toNumber() : null,
    withCachePerHour: perHour(withCache),
    withoutCachePerHour: perHour(withoutCache),
    ttl: worthIt ? shortestTtl(chatsPerHour, capabilities) : null,
  };
}

function shortestTtl(chatsPerHour: number, { expiry, minTtl, maxTtl }: CacheCapabilities): number | null {
  // Chats that come at random leave a gap longer than t with probability exp(-rate * t). A fixed end does not depend on them.
  const gap = Math.ceil((Math.log(100) / chatsPerHour) * 3_600);
  const seconds = expiry === ContextExpiry.FIXED ? DAY : gap;
  return seconds > (maxTtl ?? MAX_INT) ? null : Math.max(seconds, minTtl ?? MIN_USEFUL_TTL);
}
