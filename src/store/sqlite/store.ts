import type Database from 'libsql';
import { hourOf } from '../hours.js';
import { packRecord, unpackRecord } from '../record.js';
import type { Bill, Spending } from '../spending.js';
import {
  CHECK_BYTES,
  type ContextRecord,
  type ListPosition,
  type OwnedContext,
  type Store,
  type Totals,
  type UnownedUse,
  USAGE_RETENTION_MS,
  type Usage,
  type Use,
  type UsedContext,
  ZERO_TOTALS,
} from '../store.js';
import { BUSY_TIMEOUT_MS, retryWhileBusy } from './busy.js';
import { openFile, type Statements } from './file.js';
import { listOwned, type OwnedRow, toOwnedContext } from './owned.js';
import { Purge } from './purge.js';
import { SqliteRuns } from './runs.js';
import { SqliteSpending } from './spending.js';
import { WriteBatcher } from './write-batcher.js';

/** A store in a single file, for the processes of one machine. */
export class SqliteStore implements Store {
  readonly runs: SqliteRuns;
  private readonly db: Database.Database;
  private readonly sql: Statements;
  private readonly batcher: WriteBatcher;
  private readonly purge: Purge;
  private readonly money: SqliteSpending;
  private readonly assertInPlace: () => void;

  /** Opens the file at the path, or `:memory:`. */
  constructor(path: string) {
    const { db, sql, assertInPlace } = openFile(path);
    this.db = db;
    this.sql = sql;
    this.assertInPlace = assertInPlace;
    this.batcher = new WriteBatcher(db, sql);
    this.runs = new SqliteRuns(sql, this.batcher);
    this.purge = new Purge(sql, assertInPlace);
    this.money = new SqliteSpending(sql);
  }

  create(context: ContextRecord, callerId: string, bill: Bill | null = null): Promise<void> {
    const { key, expiresAt, model, createdAt: now } = context;
    const row = [key, expiresAt, packRecord(context), callerId, now];
    return this.write(now, () => {
      this.addUsageNow(callerId, model, now, 1, ZERO_TOTALS);
      if (bill) this.money.add(bill, now);
      let created = this.sql.create.run(row);
      if (created.changes === 0) {
        // The gateway reused an id: the earlier owners must not see the new context.
        this.removeNow(key);
        created = this.sql.create.run(row);
      }
      this.sql.addLook.run(expiresAt, Number(created.lastInsertRowid));
    });
  }

  addOwner(key: string, callerId: string, now: number): Promise<OwnedContext | null> {
    return this.write(now, () => {
      const owned = this.find(key, callerId, now);
      const context = this.read(key, now);
      if (owned || !context) return owned;
      this.addUsageNow(callerId, context.model, now, 1, ZERO_TOTALS);
      this.sql.share.run(key, callerId, now);
      return this.find(key, callerId, now);
    });
  }

  replace(context: ContextRecord, bill: Bill | null, at: number): Promise<void> {
    const { key, expiresAt } = context;
    return this.batcher.write(() => {
      if (bill) this.money.add(bill, at);
      this.sql.replace.run(expiresAt, packRecord(context), key);
    });
  }

  remove(key: string): Promise<void> {
    return this.batcher.write(() => this.removeNow(key));
  }

  context(key: string, now: number): Promise<ContextRecord | null> {
    return retryWhileBusy(() => this.read(key, now));
  }

  ownedContext(callerId: string, key: string, now: number): Promise<OwnedContext | null> {
    return retryWhileBusy(() => this.find(key, callerId, now));
  }

  ownedContexts(callerId: string, first: number, after: ListPosition | null, now: number) {
    return retryWhileBusy(() => listOwned(this.sql, callerId, first, after, now));
  }

  use(callerId: string, key: string, use: Use): Promise<UsedContext | null> {
    const { at, startedAt, expiresAt, bill, kept, moved } = use;
    const args = [at, ...sumsOf(use), key, startedAt, callerId];
    return this.write(at, () => {
      const { changes } = this.sql.useOwn.run(...args);
      if (changes === 0 && this.sql.useShared.run(...args).changes === 0) return null;
      const hasMoved =
        moved === undefined ||
        this.sql.move.run(packRecord(moved.to), key, packRecord(moved.from)).changes > 0;
      const tokenHours = this.money.extend({ key, expiresAt, kept }, callerId, at);
      if (bill) this.money.add(bill, at);
      const owned = this.find(key, callerId, startedAt);
      if (owned) this.addUsageNow(callerId, owned.context.model, at, 0, use);
      return owned && { ...owned, tokenHours, hasMoved };
    });
  }

  removeOwner(callerId: string, key: string, now: number): Promise<boolean> {
    const args = [key, now, callerId];
    return this.write(now, () => {
      const { changes } = this.sql.disown.run(...args);
      return changes > 0 || this.sql.unshare.run(...args).changes > 0;
    });
  }

  removeUnowned(key: string, now: number): Promise<ContextRecord | null> {
    return this.write(now, () => {
      const context = this.read(key, now);
      return context && this.sql.removeUnowned.run(key).changes > 0 ? context : null;
    });
  }

  addUsage({ caller, names, used, at, extension, bills }: UnownedUse): Promise<number> {
    return this.write(at, () => {
      for (const { scope, name } of names) this.addUsageNow(scope, name, at, 0, used);
      for (const bill of bills) this.money.add(bill, at);
      return extension ? this.money.extend(extension, caller, at) : 0;
    });
  }

  usage(scope: string, since: number, now: number): Promise<Usage[]> {
    const from = hourOf(Math.max(since, now - USAGE_RETENTION_MS));
    return retryWhileBusy(() => this.sql.usage.all(scope, from) as Usage[]);
  }

  spending(callerId: string, since: number, now: number): Promise<Spending[]> {
    return retryWhileBusy(() => this.money.of(callerId, Math.max(since, now - USAGE_RETENTION_MS)));
  }

  spenders(since: number, now: number, first: number, after: string): Promise<string[]> {
    const from = Math.max(since, now - USAGE_RETENTION_MS);
    return retryWhileBusy(() => this.money.spenders(from, first, after));
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

  compareAndSwapValue(key: string, expected: string, value: string | null, ttlMs: number, now: number) {
    return this.write(now, () => {
      const { changes } =
        value === null
          ? this.sql.removeValue.run(key, expected, now)
          : this.sql.compareAndSwapValue.run(value, now + ttlMs, key, expected, now);
      return changes > 0;
    });
  }

  extendValue(key: string, until: number, now: number): Promise<void> {
    return this.write(now, () => void this.sql.extendValue.run(key, until));
  }

  acquireLease(name: string, token: string, ttlMs: number): Promise<boolean> {
    return this.batcher.write(() => {
      this.sql.removeExpiredLeases.run(name);
      this.sql.joinLease.run(name, token, ttlMs);
      return this.holdsLease(name, token);
    });
  }

  renewLease(name: string, token: string, ttlMs: number): Promise<boolean> {
    return this.batcher.write(() => {
      const isHeld = this.holdsLease(name, token);
      if (isHeld) this.sql.joinLease.run(name, token, ttlMs);
      return isHeld;
    });
  }

  isLeaseHeld(name: string): Promise<boolean> {
    return retryWhileBusy(() => this.sql.isLeaseHeld.get(name) !== undefined);
  }

  releaseLease(name: string, token: string): Promise<void> {
    return this.batcher.write(() => void this.sql.releaseLease.run(name, token));
  }

  async check(bytes = CHECK_BYTES): Promise<void> {
    const { sql } = this;
    await this.batcher.write(() => {
      const data = 'x'.repeat(bytes);
      sql.probeContexts.run(data);
      sql.probeValues.run(data);
      sql.removeContextProbe.run();
      sql.removeValueProbe.run();
    });
    this.assertInPlace();
  }

  async purgeExpired(now: number): Promise<void> {
    do await this.batcher.write(() => this.purge.run(now));
    while (!this.purge.isComplete);
    this.purge.truncateLog(this.db);
  }

  async close(): Promise<void> {
    // There are no more requests, so this may block.
    this.db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    this.batcher.flush();
    // libsql leaves the write-ahead log behind, but a copy of the file alone should be complete.
    this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.db.close();
  }

  private find(key: string, callerId: string, now: number): OwnedContext | null {
    const row = this.sql.owned.get(key, now, callerId) as OwnedRow | undefined;
    return row ? toOwnedContext(row) : null;
  }

  private read(key: string, now: number): ContextRecord | null {
    const row = this.sql.context.get(key, now) as Pick<OwnedRow, 'expiresAt' | 'data'> | undefined;
    return row ? unpackRecord(key, row.expiresAt, row.data) : null;
  }

  private holdsLease(name: string, token: string): boolean {
    return (this.sql.leaseHolder.get(name) as { token: string } | undefined)?.token === token;
  }

  private readValue(key: string, now: number): string | null {
    return (this.sql.value.get(key, now) as { value: string } | undefined)?.value ?? null;
  }

  private removeNow(key: string): void {
    const row = this.sql.contextNumber.get(key) as { number: number } | undefined;
    if (!row) return;
    this.sql.removeShares.run(row.number);
    this.sql.removeContext.run(row.number);
  }

  /** Assigns numbers to new names. */
  private addUsageNow(scope: string, name: string, at: number, contexts: number, totals: Totals): void {
    const row = [hourOf(at), scope, name, contexts, ...sumsOf(totals)];
    if (this.sql.addUsage.run(row).changes > 0) return;
    this.sql.addNames.run(scope, name);
    this.sql.addUsage.run(row);
  }

  private write<T>(now: number, run: () => T): Promise<T> {
    // A failed purge fails the other writes of its batch, too; the next interval tries again.
    if (this.purge.isDue(now)) this.batcher.write(() => this.purge.run(now)).catch(() => undefined);
    return this.batcher.write(run);
  }
}

function sumsOf(totals: Totals): number[] {
  const { chats, promptTokens, cachedTokens, completionTokens, estimatedTokens } = totals;
  return [chats, promptTokens, cachedTokens, completionTokens, estimatedTokens];
}
