import type Database from 'libsql';
import { packRecord, unpackRecord } from './record.js';
import { openFile, type Statements } from './sqlite-file.js';
import { Groups } from './sqlite-groups.js';
import { Names } from './sqlite-names.js';
import { Sweep } from './sqlite-sweep.js';
import {
  type ContextRecord,
  HOUR_MS,
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

interface Creation {
  context: ContextRecord;
  callerId: string;
}

/** One file, for one machine. */
export class SqliteStore implements Store {
  private readonly db: Database.Database;
  private readonly sql: Statements;
  private readonly names: Names;
  private readonly groups: Groups<Creation>;
  private readonly sweep: Sweep;

  /** `path`: of the file, or `:memory:`. */
  constructor(path: string) {
    const { db, sql } = openFile(path);
    this.db = db;
    this.sql = sql;
    this.names = new Names(sql);
    this.sweep = new Sweep(sql);
    this.groups = new Groups(
      db,
      sql,
      (creations) => this.createAll(creations),
      () => this.names.forget(),
    );
  }

  create(context: ContextRecord, callerId: string): Promise<void> {
    this.sweepWhereDue(context.createdAt);
    return this.groups.create({ context, callerId });
  }

  share(key: string, callerId: string, now: number): Promise<Holding | null> {
    return this.write(now, () => {
      const row = this.sql.context.get(key, now) as ContextRow | undefined;
      if (!row) return null;
      const { changes } = this.sql.hold.run(row.number, this.names.numberOf(callerId), now, now);
      const { model } = unpackRecord(row.key, row.goneAt, row.data);
      if (changes > 0) this.count([{ callerId, model, at: now, contexts: 1, ...NO_USE }]);
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
    const row = this.sql.context.get(key, now) as ContextRow | undefined;
    return row ? unpackRecord(row.key, row.goneAt, row.data) : null;
  }

  async holding(callerId: string, key: string, now: number): Promise<Holding | null> {
    return this.readHolding(callerId, key, now);
  }

  async holdings(callerId: string, first: number, after: Place | null, now: number): Promise<Holding[]> {
    const caller = this.names.find(callerId);
    if (caller === undefined) return [];
    const { heldAt, key } = after ?? { heldAt: Number.MAX_SAFE_INTEGER, key: '' };
    const found: HoldingRow[] = [];
    for (let hour = this.hourWithHoldings(caller, Math.floor(heldAt / HOUR_MS)); hour !== null; ) {
      const rest = first - found.length;
      found.push(...(this.sql.holdings.all(hour, caller, heldAt, heldAt, key, now, rest) as HoldingRow[]));
      if (found.length >= first) break;
      hour = this.hourWithHoldings(caller, hour - 1);
    }
    return found.map(toHolding);
  }

  use(callerId: string, key: string, use: Use): Promise<Holding | null> {
    const { at, startedAt, goneAt, chats, promptTokens, cachedTokens, completionTokens } = use;
    this.sweepWhereDue(at);
    return this.groups.write(() => {
      const row = this.sql.holding.get(key, callerId, startedAt) as HoldingRow | undefined;
      if (!row) return null;
      this.sql.slide.run(goneAt, row.number);
      this.sql.add.run(at, chats, promptTokens, cachedTokens, completionTokens, row.number, row.caller);
      const { model } = unpackRecord(row.key, row.goneAt, row.data);
      this.count([{ callerId, model, at, contexts: 0, chats, promptTokens, cachedTokens, completionTokens }]);
      return this.readHolding(callerId, key, at);
    }, true);
  }

  release(callerId: string, key: string, now: number): Promise<boolean> {
    return this.write(now, () => {
      const row = this.sql.holding.get(key, callerId, now) as HoldingRow | undefined;
      if (row) this.sql.release.run(row.number, row.caller);
      return row !== undefined;
    });
  }

  async usage(callerId: string, since: number, now: number): Promise<ModelUsage[]> {
    const caller = this.names.find(callerId);
    if (caller === undefined) return [];
    return this.sql.usage.all(caller, hourOf(Math.max(since, now - USAGE_KEPT_MS))) as ModelUsage[];
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
    this.groups.flush();
    // libsql leaves the write-ahead log behind; a copy of the file alone should be whole.
    this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.db.close();
  }

  private readHolding(callerId: string, key: string, now: number): Holding | null {
    const row = this.sql.holding.get(key, callerId, now) as HoldingRow | undefined;
    return row ? toHolding(row) : null;
  }

  private hourWithHoldings(caller: number, upTo: number): number | null {
    return (this.sql.hourWithHoldings.get(upTo, caller) as { hour: number } | undefined)?.hour ?? null;
  }

  private readValue(key: string, now: number): string | null {
    return (this.sql.value.get(key, now) as { value: string } | undefined)?.value ?? null;
  }

  private removeNow(key: string): void {
    const row = this.sql.contextOfKey.get(key) as { number: number } | undefined;
    if (!row) return;
    this.sql.removeHoldings.run(row.number);
    this.sql.remove.run(row.number);
  }

  private write<T>(now: number, run: () => T): Promise<T> {
    this.sweepWhereDue(now);
    return this.groups.write(run);
  }

  private sweepWhereDue(now: number): void {
    if (!this.sweep.isDue(now)) return;
    // Should it fail, so does all that is written with it, and the next write tries again.
    this.groups.write(() => this.sweep.run(now), true).catch(() => undefined);
  }

  private createAll(creations: Creation[]): void {
    if (this.insert(creations) < creations.length) {
      // The gateway has given an id a second time: its earlier holders must not meet the new conversation.
      for (const creation of creations) {
        this.removeNow(creation.context.key);
        this.insert([creation]);
      }
    }
    this.count(
      creations.map(({ context: { model, createdAt: at }, callerId }) => ({
        callerId,
        model,
        at,
        contexts: 1,
        ...NO_USE,
      })),
    );
  }

  /** How many were written: none at all but those of new keys, and holdings only where that was all of them. */
  private insert(creations: Creation[]): number {
    const contexts = creations.map(({ context }) => [context.key, context.goneAt, packRecord(context)]);
    const { number: last } = this.sql.lastContext.get() as { number: number | null };
    const next = (last ?? 0) + 1;
    const { changes } = this.sql.createContexts.run(next, JSON.stringify(contexts));
    if (changes < creations.length) return changes;
    const holdings = creations.map(({ context, callerId }) => [
      this.names.numberOf(callerId),
      context.createdAt,
    ]);
    this.sql.createHoldings.run(next, JSON.stringify(holdings));
    return changes;
  }

  private count(counts: Count[]): void {
    const rows = new Map<string, number[]>();
    for (const { callerId, model, at, ...sums } of counts) {
      const names = [hourOf(at), this.names.numberOf(callerId), this.names.numberOf(model)];
      const { contexts, chats, promptTokens, cachedTokens, completionTokens } = sums;
      const numbers = [contexts, chats, promptTokens, cachedTokens, completionTokens];
      const before = rows.get(names.join());
      rows.set(
        names.join(),
        before ? before.map((n, i) => n + (i < 3 ? 0 : (numbers[i - 3] ?? 0))) : [...names, ...numbers],
      );
    }
    this.sql.count.run(JSON.stringify([...rows.values()]));
  }
}

interface Count extends Totals {
  callerId: string;
  model: string;
  at: number;
  contexts: number;
}

interface ContextRow {
  number: number;
  key: string;
  goneAt: number;
  data: string;
}

interface HoldingRow extends ContextRow, Totals {
  caller: number;
  heldAt: number;
  usedAt: number;
}

function toHolding(row: HoldingRow): Holding {
  const { key, goneAt, data, heldAt, usedAt, chats, promptTokens, cachedTokens, completionTokens } = row;
  const totals = { chats, promptTokens, cachedTokens, completionTokens };
  return { context: unpackRecord(key, goneAt, data), heldAt, usedAt, totals };
}
