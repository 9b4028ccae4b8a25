import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { AppError, ErrorCode } from '../errors.js';
import type { Store } from '../store/store.js';
import { KeyedMutex, tooManyWaiting } from './keyed-mutex.js';

/** Milliseconds until a lease, or an entry in its queue, expires without renewal, and between two renewals. */
export const LEASE_MS = 15_000;
export const RENEW_MS = 5_000;
/** Milliseconds between two polls for another process's lease, doubled from the first to the longest. */
const POLL_MS = { first: 25, longest: 100 };

export interface Lease {
  /** Aborts if the lease is lost or cannot be renewed in time: the work that it guards must stop. */
  readonly signal: AbortSignal;
  /** Idempotent. */
  release(): Promise<void>;
}

export interface LeaseOptions {
  store: Store;
  /** Longest wait for a lease in milliseconds. */
  maxWaitMs: number;
  leaseMs?: number;
  renewMs?: number;
}

/**
 * Mutual exclusion by name across all processes that share the store, in order of arrival. The queue is in the store and expires by the
 * store's clock, so the processes' clocks do not matter. Each queue entry has its own token: a holder whose lease has expired can
 * neither renew nor release the next holder's lease.
 */
export class Leases {
  private readonly mutex: KeyedMutex;
  private readonly options: Required<LeaseOptions>;

  constructor(options: LeaseOptions) {
    this.options = { leaseMs: LEASE_MS, renewMs: RENEW_MS, ...options };
    this.mutex = new KeyedMutex(options.maxWaitMs);
  }

  /** Waits for the lease; leaves the queue if the signal aborts. */
  async acquire(name: string, signal: AbortSignal): Promise<Lease> {
    const deadline = performance.now() + this.options.maxWaitMs;
    // Join both queues synchronously, so that they have the same order.
    const locking = this.mutex.lock(name, signal);
    const entry = new QueueEntry(name, this.options);
    try {
      const [unlock] = await Promise.all([locking, entry.join()]);
      // Only the first waiter of each process polls the store.
      await entry.reachFront(signal, deadline);
      return entry.toLease(unlock);
    } catch (error) {
      void entry.leave();
      locking.then(
        (unlock) => unlock(),
        () => undefined,
      );
      throw error;
    }
  }
}

/** An entry in the queue of all processes; the first one holds the lease. */
class QueueEntry {
  private readonly token = randomUUID();
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private isFirst = false;
  /** By this process's monotonic clock, measured from before the call, so that it ends before the store's lease. */
  private validUntil = 0;

  constructor(
    private readonly name: string,
    private readonly options: Required<LeaseOptions>,
  ) {
    this.timer = setInterval(() => void this.renew(), options.renewMs);
  }

  /** Joins the queue, or renews the entry. */
  async join(): Promise<void> {
    const { store, leaseMs } = this.options;
    const startedAt = performance.now();
    this.isFirst = await store.acquireLease(this.name, this.token, leaseMs);
    this.validUntil = startedAt + leaseMs;
  }

  async reachFront(signal: AbortSignal, deadline: number): Promise<void> {
    for (let wait = POLL_MS.first; !this.isFirst; wait = Math.min(wait * 2, POLL_MS.longest)) {
      signal.throwIfAborted();
      if (performance.now() + wait > deadline) throw tooManyWaiting();
      await pause(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
      await this.join();
    }
  }

  toLease(unlock: () => void): Lease {
    let released: Promise<void> | undefined;
    return {
      signal: this.controller.signal,
      release: () => {
        released ??= this.leave().then(unlock);
        return released;
      },
    };
  }

  /** If the store fails, the entry expires. */
  async leave(): Promise<void> {
    clearInterval(this.timer);
    await this.options.store.releaseLease(this.name, this.token).catch(() => undefined);
  }

  private async renew(): Promise<void> {
    const { store, leaseMs, renewMs } = this.options;
    try {
      if (!this.isFirst) return await this.join();
      const startedAt = performance.now();
      const isHeld = await store.renewLease(this.name, this.token, leaseMs);
      if (isHeld) this.validUntil = startedAt + leaseMs;
      else this.controller.abort(leaseLost());
    } catch {
      // A short outage of the store does not lose the lease, but it may expire before the next renewal.
      if (this.isFirst && performance.now() + renewMs > this.validUntil) this.controller.abort(leaseLost());
    }
  }
}

function leaseLost(): AppError {
  const message = 'This server lost its lock on the context, because its store was unreachable. Try again.';
  return new AppError(ErrorCode.INTERNAL_SERVER_ERROR, message, { retryable: true });
}
