import type Database from 'libsql';

/** Milliseconds to wait for another process' lock on the file, in all and between two tries: doubled up to the longest. */
const BUSY = { inAllMs: 2_000, firstMs: 1, longestMs: 25 };

/** Something that waits for a transaction. */
export interface Waiter {
  reject: (error: unknown) => void;
  /** When it first met the lock. */
  busySince: number | undefined;
}

export function isBusy(error: unknown): boolean {
  return String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
}

/**
 * Takes the lock, or throws. A prepared statement that meets another process' lock stays active in its connection until it is run
 * again, and as long as it does no other write there is committed, nor its lock given back; `exec` leaves nothing behind.
 */
export function beginWriting(db: Database.Database): void {
  db.exec('BEGIN IMMEDIATE');
}

/** Milliseconds between two tries at the start. */
const PAUSE_MS = 10;

/**
 * Opens a file that another process may be opening as well. SQLite switches to a write-ahead log only where the lock is free at
 * once, whatever its busy time-out, so this tries again. It blocks the process, which at its start has nothing else to do.
 */
export function untilUnlocked<T>(open: () => T): T {
  const deadline = performance.now() + BUSY.inAllMs;
  for (;;) {
    try {
      return open();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}

/** Tries again by a timer where another process holds the lock, so that the event loop goes on meanwhile. */
export class LockRetries {
  private tries = 0;

  /** The lock was free. */
  reset(): void {
    this.tries = 0;
  }

  /** Rejects those that have waited for too long, and gives back the others, who wait for `retry`. */
  wait<W extends Waiter>(waiters: W[], busy: unknown, retry: () => void): W[] {
    const now = performance.now();
    const patient: W[] = [];
    for (const waiter of waiters) {
      waiter.busySince ??= now;
      if (now - waiter.busySince < BUSY.inAllMs) patient.push(waiter);
      else waiter.reject(busy);
    }
    if (patient.length > 0) setTimeout(retry, Math.min(BUSY.firstMs * 2 ** this.tries++, BUSY.longestMs));
    return patient;
  }
}
