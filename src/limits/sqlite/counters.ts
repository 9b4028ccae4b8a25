import { type Count, type Counter, memoryCounters, type NewCounter, withFallback } from '../counters.js';
import type { LimitsDatabase } from './database.js';

/**
 * `?1` key, `?2` points, `?3` now, `?4` milliseconds of a window. If the clock was set back, a window may end too late: it is shortened to
 * end one window from now.
 */
const ADD = `INSERT INTO limit_counters (key, total, ends) VALUES (?1, MAX(?2, 0), ?3 + ?4)
  ON CONFLICT (key) DO UPDATE SET
    total = MAX(CASE WHEN ends > ?3 THEN total ELSE 0 END + ?2, 0),
    ends = CASE WHEN ends > ?3 THEN MIN(ends, ?3 + ?4) ELSE ?3 + ?4 END
  RETURNING total, ends`;
const READ = 'SELECT total, ends FROM limit_counters WHERE key = ? AND ends > ?';
const PURGE = 'DELETE FROM limit_counters WHERE ends <= ? RETURNING 1';
const PURGE_INTERVAL_MS = 3_600_000;

/** Shared by all processes with the same file; each process counts on its own while the file cannot be written. */
export function sqliteCounters(database: LimitsDatabase, now: () => number): NewCounter {
  return (options) => {
    const counter = new SqliteCounter(database, options.name, options.windowSeconds * 1_000, now);
    return withFallback(counter, memoryCounters(options));
  };
}

/** Replaces RateLimiterSQLite, which prepares each statement again and keeps windows open after the clock was set back. */
class SqliteCounter implements Counter {
  private purgedAt = 0;

  constructor(
    private readonly database: LimitsDatabase,
    private readonly name: string,
    private readonly windowMs: number,
    private readonly now: () => number,
  ) {}

  async add(key: string, points: number): Promise<Count> {
    const now = this.now();
    await this.purgeIfDue(now);
    return this.toCount(await this.database.write(ADD, [this.rowKey(key), points, now, this.windowMs]), now);
  }

  async read(key: string): Promise<Count> {
    const now = this.now();
    const count = this.toCount(await this.database.read(READ, [this.rowKey(key), now]), now);
    // Adding shortens the window. A caller who is refused after reading never adds.
    return count.msLeft > this.windowMs ? this.add(key, 0) : count;
  }

  private rowKey(key: string): string {
    return `${this.name}:${key}`;
  }

  private toCount([row]: unknown[][], now: number): Count {
    const [total, ends] = (row ?? [0, now]) as [number, number];
    return { total, msLeft: ends - now, counter: this };
  }

  private async purgeIfDue(now: number): Promise<void> {
    if (Math.abs(now - this.purgedAt) < PURGE_INTERVAL_MS) return;
    this.purgedAt = now;
    await this.database.write(PURGE, [now]);
  }
}
