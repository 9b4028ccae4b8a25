import type { IRateLimiterOptions, RateLimiterAbstract } from 'rate-limiter-flexible';
// The package's index loads the limiters of every database that it knows.
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js';
import RateLimiterRedis from 'rate-limiter-flexible/lib/RateLimiterRedis.js';
import RateLimiterRes from 'rate-limiter-flexible/lib/RateLimiterRes.js';
import type { BudgetConfig } from '../config.js';
import { AppError, ErrorCode } from '../errors.js';

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

export type NewLimiter = (options: IRateLimiterOptions) => RateLimiterAbstract;

/** What one caller may still do. Windows begin with the first thing that is counted in them. */
export class Budgets {
  private readonly creates: RateLimiterAbstract | undefined;
  private readonly chats: RateLimiterAbstract | undefined;
  private readonly tokens: RateLimiterAbstract | undefined;

  constructor({ createsPerMinute, chatsPerMinute, tokensPerDay }: BudgetConfig, newLimiter: NewLimiter) {
    const limiter = (keyPrefix: string, points: number, duration: number) =>
      points === 0 ? undefined : newLimiter({ keyPrefix, points, duration });
    this.creates = limiter('creates', createsPerMinute, MINUTE);
    this.chats = limiter('chats', chatsPerMinute, MINUTE);
    this.tokens = limiter('tokens', tokensPerDay, DAY);
  }

  /** Throws RATE_LIMITED or QUOTA_EXCEEDED. */
  takeCreate(callerId: string): Promise<void> {
    return this.take(this.creates, callerId);
  }

  /** Throws RATE_LIMITED or QUOTA_EXCEEDED. */
  takeChat(callerId: string): Promise<void> {
    return this.take(this.chats, callerId);
  }

  /** Counts what was used, even past the quota: it is known only afterwards. */
  async spend(callerId: string, tokens: number): Promise<void> {
    if (tokens > 0) await this.tokens?.penalty(callerId, tokens);
  }

  private async take(limiter: RateLimiterAbstract | undefined, callerId: string): Promise<void> {
    const used = await this.tokens?.get(callerId);
    if (this.tokens && used && used.consumedPoints >= this.tokens.points) throw usedUp(used);
    if (!limiter) return;
    try {
      await limiter.consume(callerId);
    } catch (reason) {
      throw reason instanceof RateLimiterRes ? tooOften(limiter, reason) : reason;
    }
  }
}

function tooOften({ points }: RateLimiterAbstract, { msBeforeNext }: RateLimiterRes): AppError {
  const message = `At most ${points} of these are allowed in a minute. Wait retryAfter seconds, then try again.`;
  return new AppError(ErrorCode.RATE_LIMITED, message, { retryAfter: secondsOf(msBeforeNext) });
}

function usedUp({ msBeforeNext }: RateLimiterRes): AppError {
  const message = 'Your tokens for the day are used up. Wait retryAfter seconds, then try again.';
  return new AppError(ErrorCode.QUOTA_EXCEEDED, message, {
    retryable: true,
    retryAfter: secondsOf(msBeforeNext),
  });
}

function secondsOf(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1_000));
}

export const inMemory: NewLimiter = (options) => new RateLimiterMemory(options);

/** While Redis is away each process counts for itself. */
export function inRedis(storeClient: unknown): NewLimiter {
  return (options) =>
    new RateLimiterRedis({
      ...options,
      keyPrefix: `graphql-context-cache:limit:${options.keyPrefix}`,
      storeClient,
      insuranceLimiter: new RateLimiterMemory(options),
    });
}
