import type Database from 'libsql';
import { afterCohort } from '../cohort.js';
import { beginWriting, isBusy, LockRetries, type Waiter } from './sqlite-busy.js';
import type { Statements } from './sqlite-file.js';

/**
 * Milliseconds after a transaction in which creations and other writes that can wait are gathered for the next one, as
 * long as the process has other things to do meanwhile.
 */
const GATHER_MS = 16;
/** A turn of the event loop shorter than this many milliseconds had nothing to do; to answer a request takes longer. */
const IDLE_TURN_MS = 0.05;
/** So many of them in a row, where creations wait: one alone may be the moment in which others make the next ones. */
const IDLE_TURNS = 5;

interface Write<Creation> extends Waiter {
  creation: Creation | undefined;
  run: () => unknown;
  resolve: (result: never) => void;
}

/** What a store does with each transaction. */
interface Steps<Creation> {
  createAll: (creations: Creation[]) => void;
  /** Before the commit. */
  finish: () => void;
  /** After a transaction that was not committed. */
  forget: () => void;
}

const nothing = () => undefined;

/** Writes that come together are one transaction, which costs hardly more than each of them would. */
export class Groups<Creation> {
  private writes: Write<Creation>[] = [];
  private isDue = false;
  private hasCreations = false;
  private waiting: NodeJS.Immediate | undefined;
  private flushedAt = 0;
  private readonly retries = new LockRetries();

  constructor(
    private readonly db: Database.Database,
    private readonly sql: Statements,
    private readonly steps: Steps<Creation>,
  ) {}

  /** Creations of one group are written at once. */
  create(creation: Creation): Promise<void> {
    this.hasCreations = true;
    return this.add(nothing, true, creation);
  }

  /**
   * `run` is called inside of the transaction, after its creations. Resolves after the commit: what was answered is on
   * file. What `canWait` lets a busy store gather; the rest goes at once and takes along what was gathered.
   */
  write<T>(run: () => T, canWait = false): Promise<T> {
    return this.add(run, canWait);
  }

  flush(): void {
    const { writes } = this;
    this.writes = [];
    this.isDue = false;
    this.hasCreations = false;
    clearImmediate(this.waiting);
    this.waiting = undefined;
    this.flushedAt = performance.now();
    if (writes.length === 0) return;
    try {
      const results = this.commit(writes);
      this.retries.reset();
      for (const [index, { resolve }] of writes.entries()) resolve(results[index] as never);
    } catch (error) {
      this.rollBack();
      if (isBusy(error)) this.waitForLock(writes, error);
      else for (const { reject } of writes) reject(error);
    }
  }

  private add<T>(run: () => unknown, canWait: boolean, creation?: Creation): Promise<T> {
    return new Promise((resolve, reject) => {
      this.writes.push({ creation, run, resolve, reject, busySince: undefined });
      this.flushSoon(canWait);
    });
  }

  /** What comes meanwhile goes behind those that wait already. */
  private waitForLock(writes: Write<Creation>[], busy: unknown): void {
    this.writes = this.retries.wait(writes, busy, () => this.flush());
    this.isDue = this.writes.length > 0;
  }

  private flushSoon(canWait: boolean): void {
    if (this.isDue || (canWait && this.waiting)) return;
    if (canWait && performance.now() - this.flushedAt < GATHER_MS) {
      this.waiting = setImmediate(() => this.flushWhenIdle(performance.now()));
      return;
    }
    this.isDue = true;
    afterCohort(() => this.flush());
  }

  /** With a timer, which lets an idle process sleep, a creation was measured to cost half as much again. */
  private flushWhenIdle(turnBegan: number, idleTurns = 0): void {
    this.waiting = setImmediate(() => {
      const now = performance.now();
      const idle = now - turnBegan < IDLE_TURN_MS ? idleTurns + 1 : 0;
      const isIdle = idle >= (this.hasCreations ? IDLE_TURNS : 1);
      if (isIdle || now - this.flushedAt >= GATHER_MS) this.flush();
      else this.flushWhenIdle(now, idle);
    });
  }

  private commit(writes: Write<Creation>[]): unknown[] {
    beginWriting(this.db);
    const creations: Creation[] = [];
    for (const { creation } of writes) if (creation) creations.push(creation);
    if (creations.length > 0) this.steps.createAll(creations);
    const results = writes.map(({ run }) => run());
    this.steps.finish();
    this.sql.commit.run();
    return results;
  }

  private rollBack(): void {
    this.steps.forget();
    try {
      if (this.db.inTransaction) this.sql.rollback.run();
    } catch {
      // SQLite has rolled back by itself, or the next transaction will say what is wrong.
    }
  }
}
