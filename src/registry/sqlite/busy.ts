import { setTimeout as pause } from 'node:timers/promises';
import type Database from 'libsql';

/** Milliseconds to wait for another process' lock on the file, in all and between two attempts: doubled up to the longest. */
const BUSY = { inAllMs: 2_000, firstMs: 1, longestMs: 25 };

function isBusy(error: unknown): boolean {
  return String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
}

/**
 * Takes the write lock, or throws. A prepared statement that fails on another process' lock stays active in its connection until
 * it is run again, and keeps that connection from committing and from releasing its own lock; `exec` leaves nothing behind.
 */
export function beginWriting(db: Database.Database): void {
  db.exec('BEGIN IMMEDIATE');
}

/** Milliseconds between two attempts at the start. */
const PAUSE_MS = 10;

/**
 * Opens a file that another process may be opening as well. SQLite ignores its busy time-out when it switches to a write-ahead
 * log, so this tries again. It blocks the process, which has nothing else to do at its start.
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

/** Tries again while another process holds the lock, without blocking the event loop. */
export async function retryWhileBusy<T>(run: () => T): Promise<T> {
  const deadline = performance.now() + BUSY.inAllMs;
  for (let waitMs = BUSY.firstMs; ; waitMs = Math.min(2 * waitMs, BUSY.longestMs)) {
    try {
      return run();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    await pause(waitMs);
  }
}
