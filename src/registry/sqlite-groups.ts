import type Database from 'libsql';
import type { Statements } from './sqlite-file.js';

/** Milliseconds between two transactions of a busy store; the first after a pause begins at once. */
const GROUP_MS = 4;

interface Write {
  run: () => unknown;
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
}

/** Writes that come within a few milliseconds are one transaction, which costs hardly more than each of them would. */
export class Groups<Creation> {
  private creations: Creation[] = [];
  private writes: Write[] = [];
  private isDue = false;
  private flushedAt = 0;

  constructor(
    private readonly db: Database.Database,
    private readonly sql: Statements,
    private readonly createAll: (creations: Creation[]) => void,
    private readonly onFailure: () => void,
  ) {}

  /** Resolves after the commit: what was answered is on file. Creations of one group are written at once. */
  create(creation: Creation): Promise<void> {
    this.creations.push(creation);
    return this.write(() => undefined);
  }

  /** `run` is called inside of the transaction, after its creations. */
  write<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.writes.push({ run, resolve, reject });
      this.flushSoon();
    });
  }

  flush(): void {
    const { creations, writes } = this;
    this.creations = [];
    this.writes = [];
    this.isDue = false;
    this.flushedAt = performance.now();
    if (writes.length === 0) return;
    try {
      const results = this.commit(creations, writes);
      for (const [index, { resolve }] of writes.entries()) resolve(results[index] as never);
    } catch (error) {
      this.rollBack();
      for (const { reject } of writes) reject(error);
    }
  }

  private flushSoon(): void {
    if (this.isDue) return;
    this.isDue = true;
    const rest = this.flushedAt + GROUP_MS - performance.now();
    if (rest > 0) setTimeout(() => this.flush(), rest);
    else setImmediate(() => this.flush());
  }

  private commit(creations: Creation[], writes: Write[]): unknown[] {
    this.sql.begin.run();
    if (creations.length > 0) this.createAll(creations);
    const results = writes.map(({ run }) => run());
    this.sql.commit.run();
    return results;
  }

  private rollBack(): void {
    this.onFailure();
    try {
      if (this.db.inTransaction) this.sql.rollback.run();
    } catch {
      // SQLite has rolled back by itself, or the next transaction will say what is wrong.
    }
  }
}
