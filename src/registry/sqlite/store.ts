import type Database from 'libsql';
import { packRecord, unpackRecord } from '../record.js';
import {
  CHECK_BYTES,
  type ContextRecord,
  type Holding,
  type ModelUsage,
  type Place,
  type Store,
  USAGE_KEPT_MS,
  type Use,
} from '../store.js';
import { retryWhileBusy } from './busy.js';
import { openFile, type Statement, type Statements } from './file.js';
import { Names } from './names.js';
import {
  CALLER,
  type ContextRow,
  DATA,
  GONE_AT,
  holdingsBy,
  NUMBER,
  newestFirst,
  type Own,
  sumsOf,
  toHolding,
} from './rows.js';
import { CREATIONS_AT_ONCE } from './statements.js';
import { Sweep } from './sweep.js';
import { Usage } from './usage.js';
import { WriteBatches } from './write-batches.js';

const BUSY_AT_CLOSE_MS = 2_000;

interface Creation {
  context: ContextRecord;
  callerId: string;
}

/** One file, for one machine. */
export class SqliteStore implements Store {
  private readonly db: Database.Database;
  private readonly sql: Statements;
  private readonly names: Names;
  private readonly counts: Usage;
  private readonly batches: WriteBatches<Creation>;
  private readonly sweep: Sweep;
  private readonly assertInPlace: () => void;

  /** `path`: of the file, or `:memory:`. */
  constructor(path: string) {
    const { db, sql, assertInPlace } = openFile(path);
    this.assertInPlace = assertInPlace;
    this.db = db;
    this.sql = sql;
    this.names = new Names(sql);
    this.counts = new Usage(sql, this.names);
    this.sweep = new Sweep(sql, this.counts, assertInPlace);
    this.batches = new WriteBatches(db, sql, {
      createAll: (creations) => this.createAll(creations),
      finish: () => this.counts.write(),
      forget: () => {
        this.counts.forget();
        this.names.forget();
        this.sweep.forget();
      },
    });
  }

  create(context: ContextRecord, callerId: string): Promise<void> {
    this.sweepWhereDue(context.createdAt);
    return this.batches.create({ context, callerId });
  }

  share(key: string, callerId: string, now: number): Promise<Holding | null> {
    return this.write(now, () => {
      const row = this.sql.context.get(key, now) as ContextRow | undefined;
      if (!row) return null;
      const caller = this.names.numberOf(callerId);
      if (row[CALLER] === caller) return toHolding(key, row);
      const { changes } = this.sql.share.run(row[NUMBER], caller, now, now);
      const held = this.sharedBy(key, row, caller);
      if (changes > 0 && held) this.counts.countContext(callerId, held.context.model, now);
      return held;
    });
  }

  replace(context: ContextRecord): Promise<void> {
    return this.write(0, () => void this.sql.replace.run(context.goneAt, packRecord(context), context.key));
  }

  remove(key: string): Promise<void> {
    return this.write(0, () => this.removeNow(key));
  }

  context(key: string, now: number): Promise<ContextRecord | null> {
    return retryWhileBusy(() => {
      const row = this.sql.context.get(key, now) as ContextRow | undefined;
      return row ? unpackRecord(key, row[GONE_AT], row[DATA]) : null;
    });
  }

  holding(callerId: string, key: string, now: number): Promise<Holding | null> {
    return retryWhileBusy(() => {
      const row = this.sql.context.get(key, now) as ContextRow | undefined;
      const caller = row && this.names.find(callerId);
      if (!row || caller === undefined) return null;
      return row[CALLER] === caller ? toHolding(key, row) : this.sharedBy(key, row, caller);
    });
  }

  holdings(callerId: string, first: number, after: Place | null, now: number): Promise<Holding[]> {
    return retryWhileBusy(() => {
      const caller = this.names.find(callerId);
      if (caller === undefined) return [];
      const { partWithOwn, ownInPart, partWithShared, sharedInPart } = this.sql;
      const place = after ?? { heldAt: Number.MAX_SAFE_INTEGER, key: '' };
      const list = { caller, first, place, now };
      const own = holdingsBy(partWithOwn, ownInPart, list);
      const shared = holdingsBy(partWithShared, sharedInPart, list);
      return [...own, ...shared].sort(newestFirst).slice(0, first);
    });
  }

  use(callerId: string, key: string, use: Use): Promise<Holding | null> {
    this.sweepWhereDue(use.at);
    return this.batches.write(() => {
      const caller = this.names.find(callerId);
      if (caller === undefined) return null;
      const held = this.useOwn(caller, key, use) ?? this.useShared(caller, key, use);
      if (held) this.counts.countUse(callerId, held.context.model, use.at, use);
      return held;
    });
  }

  release(callerId: string, key: string, now: number): Promise<boolean> {
    return this.write(now, () => {
      const row = this.sql.context.get(key, now) as ContextRow | undefined;
      const caller = row && this.names.find(callerId);
      if (!row || caller === undefined) return false;
      if (row[CALLER] !== caller) return this.sql.releaseShared.run(row[NUMBER], caller).changes > 0;
      return this.sql.releaseOwn.run(row[NUMBER]).changes > 0;
    });
  }

  usage(callerId: string, since: number, now: number): Promise<ModelUsage[]> {
    return retryWhileBusy(() => {
      const caller = this.names.find(callerId);
      return caller === undefined ? [] : this.counts.since(caller, Math.max(since, now - USAGE_KEPT_MS));
    });
  }

  value(key: string, now: number): Promise<string | null> {
    return retryWhileBusy(() => this.readValue(key, now));
  }

  setValue(key: string, value: string, ttlMs: number, now: number): Promise<void> {
    return this.write(now, () => void this.sql.setValue.run(key, value, now + ttlMs));
  }

  addValue(key: string, value: string, ttlMs: number, now: number): Promise<string | null> {
    return this.write(now, () => {
      const { changes } = this.sql.addValue.run(key, value, now + ttlMs, now);
      return changes > 0 ? null : this.readValue(key, now);
    });
  }

  swapValue(key: string, expected: string, value: string | null, ttlMs: number, now: number) {
    return this.write(now, () => {
      const { changes } =
        value === null
          ? this.sql.removeValue.run(key, expected, now)
          : this.sql.swapValue.run(value, now + ttlMs, key, expected, now);
      return changes > 0;
    });
  }

  keepValue(key: string, until: number, now: number): Promise<void> {
    return this.write(now, () => void this.sql.keepValue.run(until, key, until));
  }

  takeLease(name: string, token: string, ttlMs: number): Promise<boolean> {
    return this.batches.write(() => {
      this.sql.removeGoneLeases.run(name);
      this.sql.joinLease.run(name, token, ttlMs);
      return this.holdsLease(name, token);
    });
  }

  renewLease(name: string, token: string, ttlMs: number): Promise<boolean> {
    return this.batches.write(() => {
      const isHeld = this.holdsLease(name, token);
      if (isHeld) this.sql.joinLease.run(name, token, ttlMs);
      return isHeld;
    });
  }

  endLease(name: string, token: string): Promise<void> {
    return this.batches.write(() => void this.sql.endLease.run(name, token));
  }

  async check(bytes = CHECK_BYTES): Promise<void> {
    const { sql } = this;
    await this.batches.write(() => {
      const data = 'x'.repeat(bytes);
      sql.probeContexts.run(data);
      sql.probeValues.run(data);
      sql.probeUsage.run();
      sql.unprobeContexts.run();
      sql.unprobeValues.run();
      sql.unprobeUsage.run();
    });
    this.assertInPlace();
  }

  async tidy(now: number): Promise<void> {
    do await this.batches.write(() => this.sweep.run(now));
    while (!this.sweep.isDone);
    this.sweep.emptyLog(this.db);
  }

  async close(): Promise<void> {
    // Nobody is served any more: who writes to the file meanwhile is waited for.
    this.db.exec(`PRAGMA busy_timeout = ${BUSY_AT_CLOSE_MS}`);
    await this.batches.flush();
    // libsql leaves the write-ahead log behind; a copy of the file alone should be whole.
    this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.db.close();
  }

  private useOwn(caller: number, key: string, use: Use): Holding | null {
    const { at, startedAt, goneAt } = use;
    const row = this.sql.useOwn.get(goneAt, at, ...sumsOf(use), key, caller, startedAt);
    return row ? toHolding(key, row as ContextRow) : null;
  }

  private useShared(caller: number, key: string, use: Use): Holding | null {
    const row = this.sql.context.get(key, use.startedAt) as ContextRow | undefined;
    if (!row) return null;
    const own = this.sql.useShared.get(use.at, ...sumsOf(use), row[NUMBER], caller) as Own | undefined;
    if (!own) return null;
    const [goneAt] = this.sql.slide.get(use.goneAt, row[NUMBER]) as [number];
    return toHolding(key, [row[NUMBER], goneAt, row[DATA], caller, ...own]);
  }

  private sharedBy(key: string, row: ContextRow, caller: number): Holding | null {
    const own = this.sql.shared.get(row[NUMBER], caller) as Own | undefined;
    return own ? toHolding(key, [row[NUMBER], row[GONE_AT], row[DATA], caller, ...own]) : null;
  }

  private holdsLease(name: string, token: string): boolean {
    return (this.sql.leaseHolder.get(name) as [string] | undefined)?.[0] === token;
  }

  private readValue(key: string, now: number): string | null {
    return (this.sql.value.get(key, now) as [string] | undefined)?.[0] ?? null;
  }

  private removeNow(key: string): void {
    const row = this.sql.contextOfKey.get(key) as [number] | undefined;
    if (!row) return;
    this.sql.removeShares.run(row[0]);
    this.sql.remove.run(row[0]);
  }

  private write<T>(now: number, run: () => T): Promise<T> {
    this.sweepWhereDue(now);
    return this.batches.write(run);
  }

  private sweepWhereDue(now: number): void {
    if (!this.sweep.isDue(now)) return;
    // Should it fail, so does all that is written with it, and the next write tries again.
    this.batches.write(() => this.sweep.run(now)).catch(() => undefined);
  }

  private createAll(creations: Creation[]): void {
    let place = 0;
    for (const size of CREATIONS_AT_ONCE) {
      for (; creations.length - place >= size; place += size) {
        this.createSome(this.sql[`create${size}`], creations.slice(place, place + size));
      }
    }
    for (const { context, callerId } of creations) {
      this.counts.countContext(callerId, context.model, context.createdAt);
    }
  }

  private createSome(statement: Statement, creations: Creation[]): void {
    if (this.insert(statement, creations)) return;
    // The gateway has given an id a second time: its earlier holders must not meet the new conversation.
    for (const creation of creations) {
      this.removeNow(creation.context.key);
      this.insert(this.sql.create1, [creation]);
    }
  }

  /** Whether all keys were new. */
  private insert(statement: Statement, creations: Creation[]): boolean {
    const values: (string | number)[] = [];
    let lookAt = Number.POSITIVE_INFINITY;
    for (const { context, callerId } of creations) {
      const { key, goneAt, createdAt } = context;
      values.push(key, goneAt, packRecord(context), this.names.numberOf(callerId), createdAt);
      lookAt = Math.min(lookAt, goneAt);
    }
    const { changes, lastInsertRowid } = statement.run(...values);
    if (changes < creations.length) return false;
    const last = Number(lastInsertRowid);
    this.sql.addLook.run(lookAt, last - changes + 1, last);
    return true;
  }
}
