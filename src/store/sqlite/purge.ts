import type Database from 'libsql';
import { hourOf } from '../hours.js';
import { PURGE_DELAY_MS, USAGE_RETENTION_MS } from '../store.js';
import type { Statements } from './file.js';

/** Rows of each kind that one run deletes, so that it stays short. */
const MAX_ROWS = 500;
const INTERVAL_MS = 1_000;

/** Deletes expired rows, which it finds by their indexes. */
export class Purge {
  /** Whether the last run found fewer rows than it may delete. */
  isComplete = false;
  private startedAt = 0;
  /** Deleted values and runs remain in the write-ahead log until it is truncated. */
  private hasRemovedValues = false;

  constructor(
    private readonly sql: Statements,
    private readonly assertInPlace: () => void,
  ) {}

  /** True once per interval, or again if the last run was incomplete. */
  isDue(now: number): boolean {
    if (now - this.startedAt < INTERVAL_MS) return false;
    this.startedAt = now;
    return true;
  }

  /** To be called inside a transaction. */
  run(now: number): void {
    const { sql } = this;
    this.assertInPlace();
    const hour = hourOf(now);
    sql.moveUsage.run(hour, MAX_ROWS);
    sql.moveSpending.run(hour, MAX_ROWS);
    const values = sql.removeExpiredValues.run(now, MAX_ROWS).changes;
    const runs = this.removeRuns(now);
    if (values + runs > 0) this.hasRemovedValues = true;
    sql.removeOldLeases.run(MAX_ROWS);
    const removed = [
      values,
      runs,
      this.removeContexts(now - PURGE_DELAY_MS),
      sql.removeMovedUsage.run(hour, MAX_ROWS).changes,
      sql.removeOldUsage.run(hourOf(now - USAGE_RETENTION_MS), MAX_ROWS).changes,
      sql.removeMovedSpending.run(hour, MAX_ROWS).changes,
      sql.removeOldSpending.run(hourOf(now - USAGE_RETENTION_MS), MAX_ROWS).changes,
    ];
    this.isComplete = Math.max(...removed) < MAX_ROWS;
    this.startedAt = this.isComplete ? now : 0;
  }

  /** To be called outside a transaction. Readers can delay it to the next call. */
  truncateLog(db: Database.Database): void {
    if (!this.hasRemovedValues) return;
    const { busy } = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number };
    this.hasRemovedValues = busy !== 0;
  }

  private removeRuns(now: number): number {
    const runs = this.sql.expiredRuns.all(now, MAX_ROWS) as { id: string }[];
    for (const { id } of runs) {
      this.sql.removeRunParts.run(id);
      this.sql.removeRun.run(id);
    }
    return runs.length;
  }

  /** Contexts whose expiry was extended are looked at again when they expire. Returns how many were looked at. */
  private removeContexts(expiry: number): number {
    const { sql } = this;
    let seen = 0;
    for (const { at, first, last } of sql.looks.all(expiry, MAX_ROWS) as Look[]) {
      if (seen >= MAX_ROWS) break;
      seen += last - first + 1;
      sql.removeLook.run(at, first);
      for (const { number, expiresAt } of sql.contextsBetween.all(first, last) as Expiring[]) {
        if (expiresAt > expiry) sql.addLook.run(expiresAt, number);
        else {
          sql.removeShares.run(number);
          sql.removeContext.run(number);
        }
      }
    }
    return seen;
  }
}

interface Look {
  at: number;
  first: number;
  last: number;
}

interface Expiring {
  number: number;
  expiresAt: number;
}
