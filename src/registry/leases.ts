import { randomUUID } from 'node:crypto';
import { AppError, ErrorCode } from '../errors.js';
import { Lifetime } from '../lifetime.js';
import type { Store } from './store.js';
import { busy, Turns } from './turns.js';

/** Milliseconds that a lease outlives its holder's last sign of life, and between two of those. */
export const LEASE_MS = 15_000;
export const RENEW_MS = 5_000;
/** Milliseconds between two looks at a lease that another process holds; doubled from the first to the second. */
const LOOK_MS = { first: 25, longest: 400 };

export interface Lease {
  /** Ends when the lease is lost to another process: whatever it guards must stop. */
  readonly lifetime: Lifetime;
  /** Once only, however often it is called. */
  release(): Promise<void>;
}

export interface LeaseOptions {
  store: Store;
  now: () => number;
  /** Milliseconds to wait for a lease at most. */
  maxWaitMs: number;
  renewMs?: number;
}

/**
 * One holder at a time for each name: in order of arrival within this process, and across processes by a value in the
 * store: the holder's fencing token, the time at which it took the lease and what makes it unique. A later token has taken
 * over from an earlier one, whose holder can then neither renew nor release it.
 */
export class Leases {
  private readonly turns: Turns;

  constructor(private readonly options: LeaseOptions) {
    this.turns = new Turns(options.maxWaitMs);
  }

  /** Waits for the lease; whoever leaves before leaves the queue. */
  async take(name: string, caller: Lifetime): Promise<Lease> {
    const endTurn = await this.turns.take(name, caller);
    try {
      return await this.acquire(`lease:${name}`, caller, endTurn);
    } catch (error) {
      endTurn();
      throw error;
    }
  }

  private async acquire(key: string, caller: Lifetime, endTurn: () => void): Promise<Lease> {
    const { store, now, maxWaitMs } = this.options;
    const token = `${now()} ${randomUUID()}`;
    const deadline = performance.now() + maxWaitMs;
    for (let wait = LOOK_MS.first; ; wait = Math.min(wait * 2, LOOK_MS.longest)) {
      caller.throwIfOver();
      if ((await store.addValue(key, token, LEASE_MS, now())) === null) break;
      if (performance.now() + wait > deadline) throw busy();
      await caller.wait(wait);
    }
    return this.hold(key, token, endTurn);
  }

  private hold(key: string, token: string, endTurn: () => void): Lease {
    const { store, now, renewMs = RENEW_MS } = this.options;
    const lifetime = new Lifetime();
    let safeUntil = performance.now() + LEASE_MS;
    const renew = async () => {
      const startedAt = performance.now();
      const isHeld = await store.swapValue(key, token, token, LEASE_MS, now());
      if (isHeld) safeUntil = startedAt + LEASE_MS;
      else lifetime.end(taken());
    };
    const timer = setInterval(() => {
      // A store that is away for a moment costs nobody the lease: no other process gets at it either.
      void renew().catch(() => performance.now() > safeUntil && lifetime.end(taken()));
    }, renewMs);
    let released: Promise<void> | undefined;
    const release = async () => {
      clearInterval(timer);
      // Whoever waits here goes on even where the store has failed; elsewhere the lease ends by itself.
      await store.swapValue(key, token, null, 0, now()).catch(() => false);
      endTurn();
    };
    return {
      lifetime,
      release: () => {
        released ??= release();
        return released;
      },
    };
  }
}

function taken(): AppError {
  const message = 'Another server has taken this over, because this one was away for too long. Try again.';
  return new AppError(ErrorCode.INTERNAL_SERVER_ERROR, message, { retryable: true });
}
