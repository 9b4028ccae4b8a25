import type Database from 'libsql';
import { BUSY_RETRY_MS, BUSY_TIMEOUT_MS, beginWriting, isBusy } from './busy.js';
import type { Statements } from './file.js';

interface Write {
  run: () => unknown;
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
  /** When to stop waiting for another process's lock. */
  deadline: number;
}

/** Writes of the same turn of the event loop share one transaction, because a commit costs more than a write. */
export class WriteBatcher {
  private pending: Write[] = [];
  private isScheduled = false;

  constructor(
    private readonly db: Database.Database,
    private readonly sql: Statements,
  ) {}

  /** Calls `run` inside the transaction; resolves after the commit. If one write of a batch fails, all of them fail. */
  write<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.pending.push({ run, resolve, reject, deadline: performance.now() + BUSY_TIMEOUT_MS });
      this.schedule();
    });
  }

  flush(): void {
    const batch = this.pending;
    this.pending = [];
    if (batch.length === 0) return;
    try {
      const results = this.commit(batch);
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as never);
    } catch (error) {
      this.rollBack();
      this.fail(batch, error);
    }
  }

  private schedule(delayMs = 0): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    const flush = () => {
      this.isScheduled = false;
      this.flush();
    };
    if (delayMs > 0) setTimeout(flush, delayMs);
    else setImmediate(flush);
  }

  private commit(batch: Write[]): unknown[] {
    beginWriting(this.db);
    const results = batch.map(({ run }) => run());
    this.sql.commit.run();
    return results;
  }

  /** While another process holds the lock, writes wait in their order until their deadline. */
  private fail(batch: Write[], error: unknown): void {
    const now = performance.now();
    for (const write of batch) {
      if (isBusy(error) && now < write.deadline) this.pending.push(write);
      else write.reject(error);
    }
    if (this.pending.length > 0) this.schedule(BUSY_RETRY_MS);
  }

  private rollBack(): void {
    try {
      if (this.db.inTransaction) this.sql.rollback.run();
    } catch {
      // SQLite has already rolled back, or the next transaction will report the problem.
    }
  }
}
