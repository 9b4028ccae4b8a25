import { AppError, ErrorCode } from '../../errors.js';
import type { Health } from '../errors/gateway-error.js';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** Failures in a row that open it. */
const MAX_FAILURES = 10;
/** Calls count as recent for one to two of these periods. */
const PERIOD_MS = 10_000;
/** How long nothing is let through before one call is, on trial. */
const REST_MS = 3_000;

/** One call that was let through. */
export interface Permit {
  /** A call that decides whether the gateway is well again. */
  isTrial: boolean;
  settle: (health: Health) => void;
}

/** Keeps a dead gateway from being hammered, and its callers from waiting for nothing. */
export class Breaker {
  private failuresInARow = 0;
  private recent: RecentCalls;
  /** When the last trial was let through, or the breaker opened. */
  private restingSince: number | undefined;
  private trials = 0;

  /** `now`: milliseconds. */
  constructor(private readonly now: () => number) {
    this.recent = new RecentCalls(now);
  }

  get state(): BreakerState {
    if (this.restingSince === undefined) return 'closed';
    return this.trials > 0 || this.msUntilTrial(this.restingSince) <= 0 ? 'half-open' : 'open';
  }

  /** Lets a call through, or throws. */
  enter(): Permit {
    if (this.restingSince === undefined) return { isTrial: false, settle: (health) => this.count(health) };
    const wait = this.msUntilTrial(this.restingSince);
    if (wait > 0) throw refused(wait);
    // A trial may take long to answer, so the next one waits for the clock and not for it.
    this.restingSince = this.now();
    this.trials++;
    return { isTrial: true, settle: (health) => this.concludeTrial(health) };
  }

  /** A clock that was set back must not keep it open for longer. */
  private msUntilTrial(since: number): number {
    const rested = this.now() - since;
    return rested < 0 ? 0 : REST_MS - rested;
  }

  private count(health: Health): void {
    // A call that began before the breaker opened says nothing about the gateway since.
    if (health === 'unknown' || this.restingSince !== undefined) return;
    this.failuresInARow = health === 'unhealthy' ? this.failuresInARow + 1 : 0;
    this.recent.count(health);
    const isDead = this.failuresInARow >= MAX_FAILURES && this.recent.areMostlyFailures(MAX_FAILURES);
    if (isDead) this.restingSince = this.now();
  }

  private concludeTrial(health: Health): void {
    this.trials--;
    if (this.restingSince === undefined) return;
    if (health === 'unhealthy') this.restingSince = this.now();
    if (health !== 'healthy') return;
    this.restingSince = undefined;
    this.failuresInARow = 0;
    this.recent = new RecentCalls(this.now);
  }
}

/** Counts over this period and the one before it. */
class RecentCalls {
  private period = { began: Number.NEGATIVE_INFINITY, calls: 0, failures: 0 };
  private last = { calls: 0, failures: 0 };

  constructor(private readonly now: () => number) {}

  count(health: Health): void {
    this.turnOver();
    this.period.calls++;
    if (health === 'unhealthy') this.period.failures++;
  }

  /** Whether there were so many failures, and at least half of the calls failed. */
  areMostlyFailures(least: number): boolean {
    const failures = this.period.failures + this.last.failures;
    return failures >= least && failures * 2 >= this.period.calls + this.last.calls;
  }

  private turnOver(): void {
    const age = Math.abs(this.now() - this.period.began);
    if (age < PERIOD_MS) return;
    this.last = age < 2 * PERIOD_MS ? this.period : { calls: 0, failures: 0 };
    this.period = { began: this.now(), calls: 0, failures: 0 };
  }
}

function refused(waitMs: number): AppError {
  const message = 'The gateway failed too often just now and is given a moment’s rest. Try again shortly.';
  const retryAfter = Math.max(1, Math.ceil(waitMs / 1_000));
  return new AppError(ErrorCode.GATEWAY_UNAVAILABLE, message, { retryAfter });
}
