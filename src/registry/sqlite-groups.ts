import type Database from 'libsql';
import type { Statements } from './sqlite-file.js';

/** Milliseconds after a transaction in which creations and other writes that can wait are gathered for the next one. */
const GATHER_MS = 8;

interface Write {
  run: () => unknown;
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
}

/** Writes that come together are one transaction, which costs hardly more than each of them would. */
export class Groups<Creation> {
  private creations: Creation[] = [];
  private writes: Write[] = [];
  private isDue = false;
  private waiting: NodeJS.Timeout | undefined;
  private flushedAt = 0;

  constructor(
    private readonly db: Database.Database,
    private readonly sql: Statements,
    private readonly createAll: (creations: Creation[]) => void,
    private readonly onFailure: () => void,
  ) {}

  /** Creations of one group are written at once. */
  create(creation: Creation): Promise<void> {
    this.creations.push(creation);
    return this.write(() => undefined, true);
  }

  /**
   * `run` is called inside of the transaction, after its creations. Resolves after the commit: what was answered is on
   * file. What `canWait` lets a busy store gather; the rest goes at once and takes along what was gathered.
   */
  write<T>(run: () => T, canWait = false): Promise<T> {
    return new Promise((resolve, reject) => {
      this.writes.push({ run, resolve, reject });
      this.flushSoon(canWait);
    });
  }

  flush(): void {
    const { creations, writes } = this;
    this.creations = [];
    this.writes = [];
    this.isDue = false;
    clearTimeout(this.waiting);
    this.waiting = undefined;
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

  private flushSoon(canWait: boolean): void {
    if (this.isDue) return;
    const rest = this.flushedAt + GATHER_MS - performance.now();
    if (canWait && rest > 0) {
      this.waiting ??= setTimeout(() => this.flush(), rest);
      return;
    }
    this.isDue = true;
    setImmediate(() => this.flush());
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
