import Big from 'big.js';
import type { Logger } from 'pino';
import type { LimitsConfig } from '../config/config.js';
import { AppError, ErrorCode } from '../errors.js';
import type { Count, Counter, NewCounter } from './counters.js';

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;
const BILLION = 1_000_000_000;
/** Seconds after which running calls may have released their reservations. */
const SOON = 1;
/** No refunds in the last milliseconds of a window: a late one would make the next window begin below zero. */
const REFUND_MARGIN_MS = 1_000;

/** The caller has reached one of the operator's limits. */
class LimitReached extends AppError {}

export function isLimitReached(error: unknown): boolean {
  return error instanceof LimitReached;
}

/** Tokens that are counted before a call, so that concurrent calls cannot spend them twice. */
export interface Reservation {
  /** The estimate. */
  readonly tokens: number;
  /** Replaces the reserved tokens by the used ones. Call it once. */
  settle(used: number): Promise<void>;
}

const NOTHING_RESERVED: Reservation = { tokens: 0, settle: async () => undefined };

interface Limit {
  max: number;
  windowSeconds: number;
  counter: Counter;
}

/** Rate limits, and the quotas of tokens and money, of each caller. */
export class CallerLimits {
  private readonly creates: Limit | undefined;
  private readonly chats: Limit | undefined;
  private readonly tokens: Limit | undefined;
  /** In billionths of the currency. */
  private readonly money: Limit | undefined;
  /** Tokens that running calls of this process have reserved, by caller. */
  private readonly reserved = new Map<string, number>();

  constructor(
    { createsPerMinute, chatsPerMinute, tokensPerDay, billionthsPerDay }: LimitsConfig,
    newCounter: NewCounter,
    private readonly log: Logger,
  ) {
    const limit = (name: string, max: number, windowSeconds: number) =>
      max === 0 ? undefined : { max, windowSeconds, counter: newCounter({ name, windowSeconds }) };
    this.creates = limit('creates', createsPerMinute, MINUTE);
    this.chats = limit('chats', chatsPerMinute, MINUTE);
    this.tokens = limit('tokens', tokensPerDay, DAY);
    this.money = limit('money', billionthsPerDay, DAY);
  }

  /** Throws RATE_LIMITED or QUOTA_EXCEEDED. */
  consumeCreate(callerId: string): Promise<void> {
    return this.consume(this.creates, callerId);
  }

  /** Throws RATE_LIMITED or QUOTA_EXCEEDED. */
  consumeChat(callerId: string): Promise<void> {
    return this.consume(this.chats, callerId);
  }

  /** Throws QUOTA_EXCEEDED if no tokens are left; otherwise the call may exceed the quota. Estimates only if there is a quota. */
  async reserve(callerId: string, estimate: () => Promise<number>): Promise<Reservation> {
    const { tokens: quota } = this;
    if (!quota) return NOTHING_RESERVED;
    const tokens = await estimate();
    const points = Math.min(tokens, quota.max);
    const count = await quota.counter.add(callerId, points);
    if (count.total - points >= quota.max) {
      await this.refund(count, callerId, points);
      throw this.quotaExceeded(quota, { ...count, total: count.total - points }, callerId);
    }
    this.addReserved(callerId, points);
    const refundableUntil = performance.now() + count.msLeft - REFUND_MARGIN_MS;
    const settle = async (used: number) => {
      this.addReserved(callerId, -points);
      if (used > points) await this.spend(quota, callerId, used - points);
      else if (performance.now() < refundableUntil) await this.refund(count, callerId, points - used);
    };
    return { tokens, settle };
  }

  /**
   * Counts what a call cost, rounded up to a billionth of the currency; null: it has no price. The call that uses the quota up may
   * exceed it. Computes the amount only if there is a quota.
   */
  async spendMoney(callerId: string, amountOf: () => string | null | undefined): Promise<void> {
    const amount = this.money && amountOf();
    if (!this.money || amount == null) return;
    const billionths = Number(Big(amount).times(BILLION).round(0, Big.roundUp));
    if (billionths > 0) await this.spend(this.money, callerId, billionths);
  }

  private async checkMoney(callerId: string): Promise<void> {
    const used = await this.money?.counter.read(callerId);
    if (!this.money || !used || used.total < this.money.max) return;
    const message = 'Your daily spending limit is reached. Wait retryAfter seconds, then try again.';
    const retryAfter = retryAfterOf(used.msLeft, this.money);
    throw new LimitReached(ErrorCode.QUOTA_EXCEEDED, message, { retryable: true, retryAfter });
  }

  private async consume(limit: Limit | undefined, callerId: string): Promise<void> {
    const { tokens: quota } = this;
    if (quota) {
      const used = await quota.counter.read(callerId);
      if (used.total >= quota.max) throw this.quotaExceeded(quota, used, callerId);
    }
    await this.checkMoney(callerId);
    if (!limit) return;
    const count = await limit.counter.add(callerId, 1);
    if (count.total > limit.max) throw rateLimited(limit, count);
  }

  /** A response is delivered even if it cannot be counted. */
  private async spend({ counter }: Limit, callerId: string, points: number): Promise<void> {
    await counter
      .add(callerId, points)
      .catch((err) => this.log.error({ err }, 'what a call used was not counted'));
  }

  /** Refunds the counter that was charged, shared or fallback: the other was not. */
  private async refund({ counter }: Count, callerId: string, tokens: number): Promise<void> {
    if (tokens === 0) return;
    await counter
      .add(callerId, -tokens)
      .catch((err) => this.log.error({ err }, 'reserved tokens stay counted for the day'));
  }

  private addReserved(callerId: string, tokens: number): void {
    const reserved = (this.reserved.get(callerId) ?? 0) + tokens;
    if (reserved > 0) this.reserved.set(callerId, reserved);
    else this.reserved.delete(callerId);
  }

  private quotaExceeded(quota: Limit, { total, msLeft }: Count, callerId: string): LimitReached {
    const isReserved = total - (this.reserved.get(callerId) ?? 0) < quota.max;
    const message = isReserved
      ? 'Your running requests may use up your tokens for the day. Wait for their answers, then try again.'
      : 'Your tokens for the day are used up. Wait retryAfter seconds, then try again.';
    const retryAfter = isReserved ? SOON : retryAfterOf(msLeft, quota);
    return new LimitReached(ErrorCode.QUOTA_EXCEEDED, message, { retryable: true, retryAfter });
  }
}

function rateLimited(limit: Limit, { msLeft }: Count): LimitReached {
  const message = `At most ${limit.max} of these are allowed per minute. Wait retryAfter seconds, then try again.`;
  return new LimitReached(ErrorCode.RATE_LIMITED, message, { retryAfter: retryAfterOf(msLeft, limit) });
}

/** Whole seconds, at most the length of the window even if the clock was changed. */
function retryAfterOf(milliseconds: number, { windowSeconds }: Limit): number {
  return Math.min(Math.max(1, Math.ceil(milliseconds / 1_000)), windowSeconds);
}
