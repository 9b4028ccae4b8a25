import type { Statements } from './sqlite-file.js';
import { CLEAR_AFTER_MS, hourOf, USAGE_KEPT_MS } from './store.js';

/** How many rows of a kind are cleared away at a time, and how often (milliseconds) while that is enough. */
const SWEEP = { rows: 500, everyMs: 1_000 };

/** Clears away what has expired, by the indexes on what is due when: what lives longer is not looked at. */
export class Sweep {
  private doneAt = 0;

  constructor(private readonly sql: Statements) {}

  isDue(now: number): boolean {
    return now - this.doneAt >= SWEEP.everyMs;
  }

  /** Inside of a transaction. */
  run(now: number): void {
    const { sql } = this;
    const end = now - CLEAR_AFTER_MS;
    const due = sql.lookAt.all(end, SWEEP.rows) as { number: number; goneAt: number }[];
    for (const { number, goneAt } of due) {
      if (goneAt > end) sql.lookLater.run(number);
      else {
        sql.removeHoldings.run(number);
        sql.remove.run(number);
      }
    }
    const hour = hourOf(now);
    sql.moveUsage.run(hour, SWEEP.rows);
    const cleared = [
      due.length,
      sql.removeMovedUsage.run(hour, SWEEP.rows).changes,
      sql.removeGoneValues.run(now, SWEEP.rows).changes,
      sql.removeOldUsage.run(hourOf(now - USAGE_KEPT_MS), SWEEP.rows).changes,
    ];
    // Where there was more than that, the next write goes on: nothing grows because it is created fast.
    this.doneAt = Math.max(...cleared) < SWEEP.rows ? now : 0;
  }
}
