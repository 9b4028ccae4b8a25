import type { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { COUNT_ONLY, FlexibleCounter, memoryCounters, type NewCounter, withFallback } from '../counters.js';

/** Shared by all processes; each process counts on its own while Redis is unavailable. */
export function redisCounters(storeClient: Redis): NewCounter {
  return (options) => {
    const { name, windowSeconds: duration } = options;
    const keyPrefix = `graphql-context-cache:limit:${name}`;
    const limiter = new RateLimiterRedis({ ...COUNT_ONLY, keyPrefix, duration, storeClient });
    return withFallback(new FlexibleCounter(limiter), memoryCounters(options));
  };
}
