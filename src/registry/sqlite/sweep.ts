import type Database from 'libsql';
import { CLEAR_AFTER_MS, hourOf, USAGE_KEPT_MS } from '../store.js';
import type { Statements } from './file.js';
import type { Usage } from './usage.js';

/** How many rows of a kind are cleared away at a time, and how often (milliseconds) while that is enough. */
const SWEEP = { rows: 500, everyMs: 1_000 };

/** Clears away what has expired, by the indexes on what is due when: what lives longer is not looked at. */
export class Sweep {
  /** Whether the last one has cleared away all that was due. */
  isDone = false;
  private doneAt = 0;
  private isPlanned = false;
  /** Values that were removed, for which the write-ahead log is to be emptied. */
  private hasRemovedValues = false;

  constructor(
    private readonly sql: Statements,
    private readonly usage: Usage,
    private readonly assertInPlace: () => void,
  ) {}

  /** Whether it is time. Who is told so plans it: all others who ask before it has run are told that it is not. */
  isDue(now: number): boolean {
    if (this.isPlanned || now - this.doneAt < SWEEP.everyMs) return false;
    this.isPlanned = true;
    return true;
  }

  /** What was planned did not come to be. */
  forget(): void {
    this.isPlanned = false;
  }

  /** Inside of a transaction. */
  run(now: number): void {
    const { sql } = this;
    this.isPlanned = false;
    this.assertInPlace();
    const hour = hourOf(now);
    this.usage.sumUp();
    sql.moveUsage.run(hour, SWEEP.rows);
    const values = sql.removeGoneValues.run(now, SWEEP.rows).changes;
    if (values > 0) this.hasRemovedValues = true;
    sql.removeOldLeases.run(SWEEP.rows);
    const cleared = [
      values,
      this.clearContexts(now - CLEAR_AFTER_MS),
      sql.removeMovedUsage.run(hour, SWEEP.rows).changes,
      sql.removeOldUsage.run(hourOf(now - USAGE_KEPT_MS), SWEEP.rows).changes,
    ];
    // Where there was more than that, the next write goes on: nothing grows because it is created fast.
    this.isDone = Math.max(...cleared) < SWEEP.rows;
    this.doneAt = this.isDone ? now : 0;
  }

  /** Outside of a transaction: the log has what was removed until it is emptied, which waits for who reads at the moment. */
  emptyLog(db: Database.Database): void {
    if (!this.hasRemovedValues) return;
    const [isBusy] = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').raw().get() as [number];
    this.hasRemovedValues = isBusy !== 0;
  }

  /** Whatever lives on when it is looked at has a time of its own from then on. How many were looked at. */
  private clearContexts(end: number): number {
    const { sql } = this;
    let seen = 0;
    for (const [at, first, last] of sql.looks.all(end, SWEEP.rows) as [number, number, number][]) {
      if (seen >= SWEEP.rows) break;
      seen += last - first + 1;
      sql.removeLook.run(at, first);
      for (const [number, goneAt] of sql.endsOf.all(first, last) as [number, number][]) {
        if (goneAt > end) sql.addLook.run(goneAt, number, number);
        else {
          sql.removeShares.run(number);
          sql.remove.run(number);
        }
      }
    }
    return seen;
  }
}
