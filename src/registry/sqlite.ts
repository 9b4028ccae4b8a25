import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import { packRecord, unpackRecord } from './record.js';
import { CREATE_TABLES, SQL } from './sqlite-statements.js';
import {
  CLEAR_AFTER_MS,
  type ContextRecord,
  type Holding,
  hourOf,
  type ModelUsage,
  NO_USE,
  type Place,
  type Store,
  type Totals,
  USAGE_KEPT_MS,
  type Use,
} from './store.js';

/** How many of what has expired are removed at a time, and how often at most (milliseconds). */
const SWEEP = { rows: 500, everyMs: 1_000 };
/** Milliseconds to wait for another process that writes to the same file. */
const BUSY_MS = 2_000;

type Statements = { [name in keyof typeof SQL]: Database.Statement };

interface Write {
  run: () => unknown;
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
}

interface Creation {
  context: ContextRecord;
  callerId: string;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** One file, for one machine. What is written in one turn of the event loop is one transaction. */
export class SqliteStore implements Store {
  private readonly db: Database.Database;
  private readonly sql: Statements;
  private creations: Creation[] = [];
  private writes: Write[] = [];
  private flushIsDue = false;
  private sweptAt = 0;

  /** `path`: of the file, or `:memory:`. */
  constructor(path: string) {
    if (path !== ':memory:') makePrivateFile(path);
    this.db = new Database(path);
    // In a write-ahead log a commit outlives the process without a wait for the disk.
    this.db.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;`);
    this.db.exec(CREATE_TABLES);
    const entries = Object.entries(SQL).map(([name, text]) => [name, this.db.prepare(text)]);
    this.sql = Object.fromEntries(entries);
  }

  create(context: ContextRecord, callerId: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.creations.push({ context, callerId, resolve, reject });
      this.sweepSoon(context.createdAt);
      this.flushSoon();
    });
  }

  share(key: string, callerId: string, now: number): Promise<Holding | null> {
    return this.write(now, () => {
      const context = this.readContext(key, now);
      if (!context) return null;
      const { changes } = this.sql.hold.run(key, callerId, now, now);
      if (changes > 0) this.count(callerId, context.model, now, 1, NO_USE);
      return this.readHolding(callerId, key, now);
    });
  }

  replace(context: ContextRecord): Promise<void> {
    return this.write(0, () => void this.sql.replace.run(context.goneAt, packRecord(context), context.key));
  }

  remove(key: string): Promise<void> {
    return this.write(0, () => this.removeNow(key));
  }

  async context(key: string, now: number): Promise<ContextRecord | null> {
    return this.readContext(key, now);
  }

  async holding(callerId: string, key: string, now: number): Promise<Holding | null> {
    return this.readHolding(callerId, key, now);
  }

  async holdings(callerId: string, first: number, after: Place | null, now: number): Promise<Holding[]> {
    const { heldAt, key } = after ?? { heldAt: Number.MAX_SAFE_INTEGER, key: '' };
    const rows = this.sql.holdings.all(callerId, heldAt, key, now, first) as HoldingRow[];
    return rows.map(toHolding);
  }

  use(callerId: string, key: string, use: Use): Promise<Holding | null> {
    const { at, goneAt, chats, promptTokens, cachedTokens, completionTokens } = use;
    return this.write(at, () => {
      const held = this.readHolding(callerId, key, use.startedAt);
      if (!held) return null;
      this.sql.slide.run(goneAt, key);
      this.sql.add.run(at, chats, promptTokens, cachedTokens, completionTokens, key, callerId);
      this.count(callerId, held.context.model, at, 0, use);
      return this.readHolding(callerId, key, at);
    });
  }

  release(callerId: string, key: string, now: number): Promise<boolean> {
    return this.write(now, () => {
      const wasThere = this.readHolding(callerId, key, now) !== null;
      this.sql.release.run(key, callerId);
      return wasThere;
    });
  }

  async usage(callerId: string, since: number, now: number): Promise<ModelUsage[]> {
    const from = hourOf(Math.max(since, now - USAGE_KEPT_MS));
    return this.sql.usage.all(callerId, from) as ModelUsage[];
  }

  async value(key: string, now: number): Promise<string | null> {
    return this.readValue(key, now);
  }

  setValue(key: string, value: string, ttlMs: number, now: number): Promise<void> {
    return this.write(now, () => void this.sql.setValue.run(key, value, now + ttlMs));
  }

  addValue(key: string, value: string, ttlMs: number, now: number): Promise<string | null> {
    return this.write(now, () => {
      const there = this.readValue(key, now);
      if (there === null) this.sql.setValue.run(key, value, now + ttlMs);
      return there;
    });
  }

  swapValue(key: string, expected: string, value: string | null, ttlMs: number, now: number) {
    return this.write(now, () => {
      if (this.readValue(key, now) !== expected) return false;
      if (value === null) this.sql.removeValue.run(key);
      else this.sql.setValue.run(key, value, now + ttlMs);
      return true;
    });
  }

  keepValue(key: string, until: number, now: number): Promise<void> {
    return this.write(now, () => void this.sql.keepValue.run(until, key, until));
  }

  next(series: string): Promise<number> {
    return this.write(0, () => (this.sql.next.get(series) as { number: number }).number);
  }

  async check(): Promise<void> {
    await this.next('check');
  }

  async close(): Promise<void> {
    this.flush();
    // libsql leaves the write-ahead log behind; a copy of the file alone should be whole.
    this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.db.close();
  }

  private readContext(key: string, now: number): ContextRecord | null {
    const row = this.sql.context.get(key, now) as ContextRow | undefined;
    return row ? unpackRecord(row.key, row.goneAt, row.data) : null;
  }

  private readHolding(callerId: string, key: string, now: number): Holding | null {
    const row = this.sql.holding.get(key, callerId, now) as HoldingRow | undefined;
    return row ? toHolding(row) : null;
  }

  private readValue(key: string, now: number): string | null {
    return (this.sql.value.get(key, now) as { value: string } | undefined)?.value ?? null;
  }

  private count(callerId: string, model: string, at: number, contexts: number, totals: Totals): void {
    const { chats, promptTokens, cachedTokens, completionTokens } = totals;
    const numbers = [contexts, chats, promptTokens, cachedTokens, completionTokens];
    this.sql.count.run(callerId, hourOf(at), model, ...numbers);
  }

  private removeNow(key: string): void {
    this.sql.removeHoldings.run(key);
    this.sql.remove.run(key);
  }

  private write<T>(now: number, run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.writes.push({ run, resolve, reject });
      this.sweepSoon(now);
      this.flushSoon();
    });
  }

  private flushSoon(): void {
    if (this.flushIsDue) return;
    this.flushIsDue = true;
    setImmediate(() => this.flush());
  }

  /** Whoever waits hears only after the commit: what was answered is on file. */
  private flush(): void {
    const { creations, writes } = this;
    this.creations = [];
    this.writes = [];
    this.flushIsDue = false;
    if (creations.length + writes.length === 0) return;
    try {
      this.sql.begin.run();
      if (creations.length > 0) this.createNow(creations);
      const results = writes.map(({ run }) => run());
      this.sql.commit.run();
      for (const { resolve } of creations) resolve();
      for (const [index, { resolve }] of writes.entries()) resolve(results[index] as never);
    } catch (error) {
      if (this.db.inTransaction) this.sql.rollback.run();
      for (const { reject } of [...creations, ...writes]) reject(error);
    }
  }

  private createNow(creations: Creation[]): void {
    const rows = JSON.stringify(
      creations.map(({ context, callerId }) => [
        context.key,
        context.goneAt,
        packRecord(context),
        callerId,
        context.createdAt,
      ]),
    );
    if (this.sql.createContexts.run(rows).changes < creations.length) {
      // The gateway has given an id a second time: its earlier holders must not meet the new conversation.
      for (const { context } of creations) {
        this.sql.removeHoldings.run(context.key);
        this.sql.replace.run(context.goneAt, packRecord(context), context.key);
      }
      for (const { context, callerId } of creations) {
        this.sql.removeHoldings.run(context.key);
        this.sql.hold.run(context.key, callerId, context.createdAt, context.createdAt);
      }
    } else {
      this.sql.createHoldings.run(rows);
    }
    this.countCreations(creations);
  }

  private countCreations(creations: Creation[]): void {
    const counts = new Map<string, { first: Creation; contexts: number }>();
    for (const creation of creations) {
      const group = `${creation.callerId} ${hourOf(creation.context.createdAt)} ${creation.context.model}`;
      const known = counts.get(group);
      if (known) known.contexts += 1;
      else counts.set(group, { first: creation, contexts: 1 });
    }
    for (const { first, contexts } of counts.values()) {
      this.count(first.callerId, first.context.model, first.context.createdAt, contexts, NO_USE);
    }
  }

  private sweepSoon(now: number): void {
    if (now - this.sweptAt < SWEEP.everyMs) return;
    this.sweptAt = now;
    this.writes.push({ run: () => this.sweep(now), resolve: () => undefined, reject: () => undefined });
  }

  /** By the indexes on what is due when: what lives longer is not looked at. */
  private sweep(now: number): void {
    const end = now - CLEAR_AFTER_MS;
    for (const { key, goneAt } of this.sql.lookAt.all(end, SWEEP.rows) as ContextRow[]) {
      if (goneAt > end) this.sql.lookLater.run(key);
      else this.removeNow(key);
    }
    this.sql.removeGoneValues.run(now, SWEEP.rows);
    this.sql.removeOldUsage.run(hourOf(now - USAGE_KEPT_MS), SWEEP.rows);
  }
}

/** Prompts may be in it. */
function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  closeSync(openSync(path, 'a', 0o600));
}

interface ContextRow {
  key: string;
  goneAt: number;
  data: string;
}

interface HoldingRow extends ContextRow, Totals {
  heldAt: number;
  usedAt: number;
}

function toHolding(row: HoldingRow): Holding {
  const { key, goneAt, data, heldAt, usedAt, chats, promptTokens, cachedTokens, completionTokens } = row;
  const totals = { chats, promptTokens, cachedTokens, completionTokens };
  return { context: unpackRecord(key, goneAt, data), heldAt, usedAt, totals };
}
