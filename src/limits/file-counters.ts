import { type Counted, type Counter, inMemory, insured, type NewCounter } from './counters.js';
import type { LimitsFile } from './limits-file.js';

/**
 * `?1` key, `?2` points, `?3` now, `?4` the milliseconds of a window. A window that seems to end later than one that begins now does so
 * because the clock was set back: it ends one window from now.
 */
const ADD = `INSERT INTO limit_counters (key, total, ends) VALUES (?1, MAX(?2, 0), ?3 + ?4)
  ON CONFLICT (key) DO UPDATE SET
    total = MAX(CASE WHEN ends > ?3 THEN total ELSE 0 END + ?2, 0),
    ends = CASE WHEN ends > ?3 THEN MIN(ends, ?3 + ?4) ELSE ?3 + ?4 END
  RETURNING total, ends`;
const READ = 'SELECT total, ends FROM limit_counters WHERE key = ? AND ends > ?';
const CLEAR = 'DELETE FROM limit_counters WHERE ends <= ? RETURNING 1';
const CLEAR_EVERY_MS = 3_600_000;

/** In the file that processes share; in this process alone while the file cannot be written. */
export function inFile(file: LimitsFile, now: () => number): NewCounter {
  return (options) => {
    const counter = new FileCounter(file, options.name, options.windowSeconds * 1_000, now);
    return insured(counter, inMemory(options));
  };
}

/** rate-limiter-flexible's own for SQLite prepares each statement anew, and ends no window while the clock is behind. */
class FileCounter implements Counter {
  private clearedAt = 0;

  constructor(
    private readonly file: LimitsFile,
    private readonly name: string,
    private readonly windowMs: number,
    private readonly now: () => number,
  ) {}

  async add(key: string, points: number): Promise<Counted> {
    const now = this.now();
    await this.clearWhereDue(now);
    return this.counted(await this.file.write(ADD, [this.keyOf(key), points, now, this.windowMs]), now);
  }

  async read(key: string): Promise<Counted> {
    const now = this.now();
    const found = this.counted(await this.file.read(READ, [this.keyOf(key), now]), now);
    // Brings the end of the window near: who is refused at once adds nothing.
    return found.msLeft > this.windowMs ? this.add(key, 0) : found;
  }

  private keyOf(key: string): string {
    return `${this.name}:${key}`;
  }

  private counted([row]: unknown[][], now: number): Counted {
    const [total, ends] = (row ?? [0, now]) as [number, number];
    return { total, msLeft: ends - now, by: this };
  }

  private async clearWhereDue(now: number): Promise<void> {
    if (Math.abs(now - this.clearedAt) < CLEAR_EVERY_MS) return;
    this.clearedAt = now;
    await this.file.write(CLEAR, [now]);
  }
}
