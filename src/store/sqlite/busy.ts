import { setTimeout as pause } from 'node:timers/promises';
import type Database from 'libsql';

/** Milliseconds to wait for another process to release its lock on the file, in total and between two attempts. */
export const BUSY_TIMEOUT_MS = 2_000;
export const BUSY_RETRY_MS = 10;

export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(String((error as { code?: unknown }).code));
}

/**
 * Takes the write lock, or throws. A prepared statement that fails on another process's lock stays active in its connection until it
 * is run again, and keeps that connection from committing and from releasing its own lock; `exec` leaves nothing behind.
 */
export function beginWriting(db: Database.Database): void {
  db.exec('BEGIN IMMEDIATE');
}

/** Repeats the work while another process holds the lock, without blocking the event loop in between. */
export async function retryWhileBusy<T>(work: () => T): Promise<T> {
  const deadline = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    await pause(BUSY_RETRY_MS);
  }
}

/**
 * The same, but blocking, for opening a file: at start-up the process has nothing else to do. SQLite's own busy timeout does not apply
 * to the switch to a write-ahead log.
 */
export function retryWhileBusySync<T>(work: () => T): T {
  const deadline = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_RETRY_MS);
  }
}
