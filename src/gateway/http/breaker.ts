import { AppError, ErrorCode } from '../../errors.js';
import type { Health } from '../errors/gateway-error.js';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** Consecutive failures that open the breaker, if half of the recent calls failed. */
const MAX_FAILURES = 10;
/** Calls count as recent for one to two periods. */
const PERIOD_MS = 10_000;
/** How long the breaker stays open before it lets one trial call through. */
const OPEN_MS = 3_000;

/** Permission for one call. */
export interface Permit {
  /** Whether this call decides if the breaker closes again. */
  isTrial: boolean;
  settle: (health: Health) => void;
}

/** A circuit breaker: fails fast while the gateway is down, instead of making it and the callers wait. */
export class Breaker {
  private failuresInARow = 0;
  private recent: RecentCalls;
  /** When the breaker opened or let the latest trial through; undefined while it is closed. */
  private openSince: number | undefined;
  private trials = 0;

  /** `now`: in milliseconds. */
  constructor(private readonly now: () => number) {
    this.recent = new RecentCalls(now);
  }

  get state(): BreakerState {
    if (this.openSince === undefined) return 'closed';
    return this.trials > 0 || this.msUntilTrial(this.openSince) <= 0 ? 'half-open' : 'open';
  }

  /** Throws while the breaker is open. */
  enter(): Permit {
    if (this.openSince === undefined) return { isTrial: false, settle: (health) => this.count(health) };
    const wait = this.msUntilTrial(this.openSince);
    if (wait > 0) throw refused(wait);
    // The next trial waits for the clock, not for this one, which may take long.
    this.openSince = this.now();
    this.trials++;
    return { isTrial: true, settle: (health) => this.concludeTrial(health) };
  }

  /** A clock that was set back must not keep the breaker open for longer. */
  private msUntilTrial(since: number): number {
    const waited = this.now() - since;
    return waited < 0 ? 0 : OPEN_MS - waited;
  }

  private count(health: Health): void {
    // A call that began before the breaker opened says nothing about the time since.
    if (health === 'unknown' || this.openSince !== undefined) return;
    this.failuresInARow = health === 'unhealthy' ? this.failuresInARow + 1 : 0;
    this.recent.count(health);
    const isDead = this.failuresInARow >= MAX_FAILURES && this.recent.areMostlyFailures(MAX_FAILURES);
    if (isDead) this.openSince = this.now();
  }

  private concludeTrial(health: Health): void {
    this.trials--;
    if (this.openSince === undefined) return;
    if (health === 'unhealthy') this.openSince = this.now();
    if (health !== 'healthy') return;
    this.openSince = undefined;
    this.failuresInARow = 0;
    this.recent = new RecentCalls(this.now);
  }
}

/** Counts over the current and the previous period. */
class RecentCalls {
  private period = { began: Number.NEGATIVE_INFINITY, calls: 0, failures: 0 };
  private last = { calls: 0, failures: 0 };

  constructor(private readonly now: () => number) {}

  count(health: Health): void {
    this.nextPeriod();
    this.period.calls++;
    if (health === 'unhealthy') this.period.failures++;
  }

  /** Whether there were at least so many failures, and at least half of the calls failed. */
  areMostlyFailures(least: number): boolean {
    const failures = this.period.failures + this.last.failures;
    return failures >= least && failures * 2 >= this.period.calls + this.last.calls;
  }

  private nextPeriod(): void {
    const age = Math.abs(this.now() - this.period.began);
    if (age < PERIOD_MS) return;
    this.last = age < 2 * PERIOD_MS ? this.period : { calls: 0, failures: 0 };
    this.period = { began: this.now(), calls: 0, failures: 0 };
  }
}

function refused(waitMs: number): AppError {
  const message = 'The gateway failed repeatedly, so calls are paused. Try again shortly.';
  const retryAfter = Math.max(1, Math.ceil(waitMs / 1_000));
  return new AppError(ErrorCode.GATEWAY_UNAVAILABLE, message, { retryAfter });
}
