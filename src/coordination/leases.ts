import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { AppError, ErrorCode } from '../errors.js';
import type { Store } from '../registry/store.js';
import { busy, KeyedMutex } from './keyed-mutex.js';

/** Milliseconds that a lease, or a place in its queue, outlives the last renewal, and between two renewals. */
export const LEASE_MS = 15_000;
export const RENEW_MS = 5_000;
/** Milliseconds between two looks of the next in line at another process' lease; doubled from the first to the longest. */
const LOOK_MS = { first: 25, longest: 100 };

export interface Lease {
  /** Aborts when the lease is lost to another process: whatever it guards must stop. */
  readonly signal: AbortSignal;
  /** Once only, however often it is called. */
  release(): Promise<void>;
}

export interface LeaseOptions {
  store: Store;
  /** Milliseconds to wait for a lease at most. */
  maxWaitMs: number;
  leaseMs?: number;
  renewMs?: number;
}

/**
 * One holder at a time for each name, in order of arrival within this process and across all that share the store. The queue
 * is in the store and expires by the store's clock, so that no process' clock matters. Each place in it has a token of its own:
 * a holder that others took for dead can neither renew nor release the lease of the next one.
 */
export class Leases {
  private readonly mutex: KeyedMutex;

  constructor(private readonly options: LeaseOptions) {
    this.mutex = new KeyedMutex(options.maxWaitMs);
  }

  /** Waits for the lease; an aborted caller leaves the queue. */
  async take(name: string, signal: AbortSignal): Promise<Lease> {
    const { maxWaitMs } = this.options;
    const deadline = performance.now() + maxWaitMs;
    // Both queues are joined in the turn of the event loop that asks, so that they have the same order.
    const locking = this.mutex.lock(name, signal);
    const place = new Place(name, this.options);
    try {
      const [unlock] = await Promise.all([locking, place.join()]);
      // Only the first of a process looks whether it is the first of all.
      await place.reachFront(signal, deadline);
      return place.hold(unlock);
    } catch (error) {
      void place.leave();
      locking.then(
        (unlock) => unlock(),
        () => undefined,
      );
      throw error;
    }
  }
}

/** A place in the queue of all processes; the first one is the lease. */
class Place {
  private readonly token = randomUUID();
  private readonly controller = new AbortController();
  private readonly renewMs: number;
  private readonly leaseMs: number;
  private readonly timer: NodeJS.Timeout;
  private isFirst = false;
  /** By this process' steady clock, which began to count before the store's did. */
  private safeUntil = 0;

  constructor(
    private readonly name: string,
    private readonly options: LeaseOptions,
  ) {
    this.renewMs = options.renewMs ?? RENEW_MS;
    this.leaseMs = options.leaseMs ?? LEASE_MS;
    this.timer = setInterval(() => void this.renew(), this.renewMs);
  }

  /** Takes the place, or keeps it. */
  async join(): Promise<void> {
    const startedAt = performance.now();
    this.isFirst = await this.options.store.takeLease(this.name, this.token, this.leaseMs);
    this.safeUntil = startedAt + this.leaseMs;
  }

  async reachFront(signal: AbortSignal, deadline: number): Promise<void> {
    for (let wait = LOOK_MS.first; !this.isFirst; wait = Math.min(wait * 2, LOOK_MS.longest)) {
      signal.throwIfAborted();
      if (performance.now() + wait > deadline) throw busy();
      await pause(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
      await this.join();
    }
  }

  hold(unlock: () => void): Lease {
    let released: Promise<void> | undefined;
    const release = async () => {
      await this.leave();
      unlock();
    };
    return {
      signal: this.controller.signal,
      release: () => {
        released ??= release();
        return released;
      },
    };
  }

  /** Where the store has failed, the place ends by itself. */
  async leave(): Promise<void> {
    clearInterval(this.timer);
    await this.options.store.endLease(this.name, this.token).catch(() => undefined);
  }

  private async renew(): Promise<void> {
    try {
      if (!this.isFirst) return await this.join();
      const startedAt = performance.now();
      const { store } = this.options;
      if (await store.renewLease(this.name, this.token, this.leaseMs))
        this.safeUntil = startedAt + this.leaseMs;
      else this.controller.abort(taken());
    } catch {
      // A store that is away for a moment costs nobody the lease; one that is back may give it to another.
      if (this.isFirst && performance.now() + this.renewMs > this.safeUntil) this.controller.abort(taken());
    }
  }
}

function taken(): AppError {
  const message = 'Another server has taken this over, because this one was away for too long. Try again.';
  return new AppError(ErrorCode.INTERNAL_SERVER_ERROR, message, { retryable: true });
}
