import type Database from 'libsql';
import { beginWriting, retryWhileBusy } from './busy.js';
import type { Statements } from './file.js';

interface Write<Creation> {
  creation: Creation | undefined;
  run: () => unknown;
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
}

/** What a store does with each transaction. */
interface Steps<Creation> {
  createAll: (creations: Creation[]) => void;
  /** Before the commit. */
  finish: () => void;
  /** After a transaction that was not committed. */
  forget: () => void;
}

/** Writes of one turn of the event loop share a transaction: its commit costs more than most writes. */
export class WriteBatches<Creation> {
  private waiting: Write<Creation>[] = [];
  private flushing: Promise<void> | undefined;

  constructor(
    private readonly db: Database.Database,
    private readonly sql: Statements,
    private readonly steps: Steps<Creation>,
  ) {}

  /** The creations of a batch are written first, and together. */
  create(creation: Creation): Promise<void> {
    return this.add(() => undefined, creation);
  }

  /** Calls `run` inside of the transaction; resolves after the commit. */
  write<T>(run: () => T): Promise<T> {
    return this.add(run);
  }

  /** Resolves once nothing waits. */
  flush(): Promise<void> {
    this.flushing ??= this.flushAll().finally(() => {
      this.flushing = undefined;
    });
    return this.flushing;
  }

  private add<T>(run: () => unknown, creation?: Creation): Promise<T> {
    return new Promise((resolve, reject) => {
      const count = this.waiting.push({ creation, run, resolve, reject });
      if (count === 1) setImmediate(() => void this.flush());
    });
  }

  /** One batch at a time, so that a later one cannot overtake a batch that waits for another process' lock. */
  private async flushAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const writes = this.waiting;
      this.waiting = [];
      try {
        const results = await retryWhileBusy(() => this.commit(writes));
        for (const [index, { resolve }] of writes.entries()) resolve(results[index] as never);
      } catch (error) {
        for (const { reject } of writes) reject(error);
      }
    }
  }

  private commit(writes: Write<Creation>[]): unknown[] {
    try {
      beginWriting(this.db);
      const creations = writes.flatMap(({ creation }) => creation ?? []);
      if (creations.length > 0) this.steps.createAll(creations);
      const results = writes.map(({ run }) => run());
      this.steps.finish();
      this.sql.commit.run();
      return results;
    } catch (error) {
      this.rollBack();
      throw error;
    }
  }

  private rollBack(): void {
    this.steps.forget();
    try {
      if (this.db.inTransaction) this.sql.rollback.run();
    } catch {
      // SQLite has rolled back by itself, or the next transaction reports what is wrong.
    }
  }
}
