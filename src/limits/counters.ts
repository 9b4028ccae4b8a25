import type { Redis } from 'ioredis';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';

/** Counts for each key within a window, which begins with the first thing that is counted. */
export interface Counter {
  /** `points` may be negative: takes back what was counted. */
  add(key: string, points: number): Promise<Counted>;
  read(key: string): Promise<Counted>;
}

export interface Counted {
  total: number;
  /** Milliseconds that are left of the window. */
  msLeft: number;
  /** Where it was counted, and can be taken back. */
  by: Counter;
}

export interface CounterOptions {
  name: string;
  windowSeconds: number;
}

export type NewCounter = (options: CounterOptions) => Counter;

/** Whether there are too many is decided by who counts. */
const COUNT_ONLY = { points: Number.MAX_SAFE_INTEGER };

export const inMemory: NewCounter = ({ name, windowSeconds }) =>
  new FlexibleCounter(new RateLimiterMemory({ ...COUNT_ONLY, keyPrefix: name, duration: windowSeconds }));

export function inRedis(storeClient: Redis): NewCounter {
  return (options) => {
    const keyPrefix = `graphql-context-cache:limit:${options.name}`;
    const limiter = new RateLimiterRedis({
      ...COUNT_ONLY,
      keyPrefix,
      duration: options.windowSeconds,
      storeClient,
    });
    return insured(new FlexibleCounter(limiter), inMemory(options));
  };
}

/** Counts in this process alone while what the processes share cannot be reached. */
export function insured(shared: Counter, alone: Counter): Counter {
  return {
    add: (key, points) => shared.add(key, points).catch(() => alone.add(key, points)),
    read: (key) => shared.read(key).catch(() => alone.read(key)),
  };
}

class FlexibleCounter implements Counter {
  constructor(private readonly limiter: RateLimiterAbstract) {}

  async add(key: string, points: number): Promise<Counted> {
    const { limiter } = this;
    const { consumedPoints, msBeforeNext } = await (points < 0
      ? limiter.reward(key, -points)
      : limiter.penalty(key, points));
    return { total: consumedPoints, msLeft: msBeforeNext, by: this };
  }

  async read(key: string): Promise<Counted> {
    const found = await this.limiter.get(key);
    return { total: found?.consumedPoints ?? 0, msLeft: found?.msBeforeNext ?? 0, by: this };
  }
}
