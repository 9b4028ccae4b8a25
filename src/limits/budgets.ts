import type { Logger } from 'pino';
import type { BudgetConfig } from '../config/config.js';
import { AppError, ErrorCode } from '../errors.js';
import type { Counted, Counter, NewCounter } from './counters.js';

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;
/** Seconds until running calls, which hold what is left of a quota, may have ended. */
const SOON = 1;
/** Milliseconds before the end of a window from which on nothing is taken back: the next window would begin below zero. */
const MARGIN_MS = 1_000;

/** What a caller may not do yet, by the operator's own limits. */
export class OverBudget extends AppError {}

/** Tokens that a call may use: counted before it is made, so that calls at the same time cannot use them twice. */
export interface Reservation {
  /** As they were estimated. */
  readonly tokens: number;
  /** Counts what was used in place of what was reserved. To be called once. */
  settle(used: number): Promise<void>;
}

const NOTHING_RESERVED: Reservation = { tokens: 0, settle: async () => undefined };

/** What one caller may still do. */
export class Budgets {
  private readonly creates: Limit | undefined;
  private readonly chats: Limit | undefined;
  private readonly tokens: Limit | undefined;
  /** What the running calls of this process hold, by caller. */
  private readonly reserved = new Map<string, number>();

  constructor(
    { createsPerMinute, chatsPerMinute, tokensPerDay }: BudgetConfig,
    newCounter: NewCounter,
    private readonly log: Logger,
  ) {
    const limit = (name: string, max: number, windowSeconds: number) =>
      max === 0 ? undefined : { max, windowSeconds, counter: newCounter({ name, windowSeconds }) };
    this.creates = limit('creates', createsPerMinute, MINUTE);
    this.chats = limit('chats', chatsPerMinute, MINUTE);
    this.tokens = limit('tokens', tokensPerDay, DAY);
  }

  /** Throws RATE_LIMITED or QUOTA_EXCEEDED. */
  takeCreate(callerId: string): Promise<void> {
    return this.take(this.creates, callerId);
  }

  /** Throws RATE_LIMITED or QUOTA_EXCEEDED. */
  takeChat(callerId: string): Promise<void> {
    return this.take(this.chats, callerId);
  }

  /**
   * Throws QUOTA_EXCEEDED where nothing is left; else all that is wanted may be used, even past the quota. `estimate` is called
   * where there is a quota.
   */
  async reserve(callerId: string, estimate: () => Promise<number>): Promise<Reservation> {
    const { tokens: quota } = this;
    if (!quota) return NOTHING_RESERVED;
    const tokens = await estimate();
    const points = Math.min(tokens, quota.max);
    const counted = await quota.counter.add(callerId, points);
    if (counted.total - points >= quota.max) {
      await this.takeBack(counted, callerId, points);
      throw this.usedUp(quota, { ...counted, total: counted.total - points }, callerId);
    }
    this.hold(callerId, points);
    const takenBackUntil = performance.now() + counted.msLeft - MARGIN_MS;
    const settle = async (used: number) => {
      this.hold(callerId, -points);
      if (used > points) await this.spend(quota, callerId, used - points);
      else if (performance.now() < takenBackUntil) await this.takeBack(counted, callerId, points - used);
    };
    return { tokens, settle };
  }

  private async take(limit: Limit | undefined, callerId: string): Promise<void> {
    const { tokens: quota } = this;
    if (quota) {
      const used = await quota.counter.read(callerId);
      if (used.total >= quota.max) throw this.usedUp(quota, used, callerId);
    }
    if (!limit) return;
    const counted = await limit.counter.add(callerId, 1);
    if (counted.total > limit.max) throw tooOften(limit, counted);
  }

  /** An answer that has come is passed on even where it cannot be counted. */
  private async spend({ counter }: Limit, callerId: string, tokens: number): Promise<void> {
    await counter
      .add(callerId, tokens)
      .catch((err) => this.log.error({ err }, 'used tokens were not counted'));
  }

  /** Where they were counted and nowhere else: elsewhere they would be a gift. */
  private async takeBack({ by }: Counted, callerId: string, tokens: number): Promise<void> {
    if (tokens === 0) return;
    await by
      .add(callerId, -tokens)
      .catch((err) => this.log.error({ err }, 'reserved tokens stay counted for the day'));
  }

  private hold(callerId: string, tokens: number): void {
    const held = (this.reserved.get(callerId) ?? 0) + tokens;
    if (held > 0) this.reserved.set(callerId, held);
    else this.reserved.delete(callerId);
  }

  private usedUp(quota: Limit, { total, msLeft }: Counted, callerId: string): OverBudget {
    const isHeld = total - (this.reserved.get(callerId) ?? 0) < quota.max;
    const message = isHeld
      ? 'Your running requests may use up your tokens for the day. Wait for their answers, then try again.'
      : 'Your tokens for the day are used up. Wait retryAfter seconds, then try again.';
    const retryAfter = isHeld ? SOON : secondsOf(msLeft, quota);
    return new OverBudget(ErrorCode.QUOTA_EXCEEDED, message, { retryable: true, retryAfter });
  }
}

interface Limit {
  max: number;
  windowSeconds: number;
  counter: Counter;
}

function tooOften(limit: Limit, { msLeft }: Counted): OverBudget {
  const message = `At most ${limit.max} of these are allowed in a minute. Wait retryAfter seconds, then try again.`;
  return new OverBudget(ErrorCode.RATE_LIMITED, message, { retryAfter: secondsOf(msLeft, limit) });
}

/** Whatever the clock does meanwhile, no wait is longer than the window. */
function secondsOf(milliseconds: number, { windowSeconds }: Limit): number {
  return Math.min(Math.max(1, Math.ceil(milliseconds / 1_000)), windowSeconds);
}
