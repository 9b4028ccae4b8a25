import { type RateLimiterAbstract, RateLimiterMemory } from 'rate-limiter-flexible';

/** Counts points by key in fixed windows. A window begins with the first points that are added. */
export interface Counter {
  /** Negative points are subtracted. */
  add(key: string, points: number): Promise<Count>;
  read(key: string): Promise<Count>;
}

export interface Count {
  total: number;
  /** Milliseconds until the window ends. */
  msLeft: number;
  /** The counter that has these points, for refunds. */
  counter: Counter;
}

export interface CounterOptions {
  name: string;
  windowSeconds: number;
}

export type NewCounter = (options: CounterOptions) => Counter;

/** Counters only count; CallerLimits decides what is too much. */
export const COUNT_ONLY = { points: Number.MAX_SAFE_INTEGER };

export const memoryCounters: NewCounter = ({ name, windowSeconds }) =>
  new FlexibleCounter(new RateLimiterMemory({ ...COUNT_ONLY, keyPrefix: name, duration: windowSeconds }));

/** Uses the fallback while the shared counter fails. */
export function withFallback(shared: Counter, fallback: Counter): Counter {
  return {
    add: (key, points) => shared.add(key, points).catch(() => fallback.add(key, points)),
    read: (key) => shared.read(key).catch(() => fallback.read(key)),
  };
}

/** Adapts a limiter of rate-limiter-flexible. */
export class FlexibleCounter implements Counter {
  constructor(private readonly limiter: RateLimiterAbstract) {}

  async add(key: string, points: number): Promise<Count> {
    const { limiter } = this;
    const { consumedPoints, msBeforeNext } = await (points < 0
      ? limiter.reward(key, -points)
      : limiter.penalty(key, points));
    return { total: consumedPoints, msLeft: msBeforeNext, counter: this };
  }

  async read(key: string): Promise<Count> {
    const found = await this.limiter.get(key);
    return { total: found?.consumedPoints ?? 0, msLeft: found?.msBeforeNext ?? 0, counter: this };
  }
}
