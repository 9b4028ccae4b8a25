import { hourOf } from '../hours.js';
import {
  addedTokenHours,
  type Bill,
  type Extension,
  type Sharer,
  SPENDING_COUNTS,
  type Spending,
  shareOut,
} from '../spending.js';
import type { Statements } from './file.js';

/** The sums of what callers have spent. Writes are to be called inside a transaction. */
export class SqliteSpending {
  constructor(private readonly sql: Statements) {}

  add(bill: Bill, at: number): void {
    const { caller, model, prompt, prices, counts } = bill;
    const row = [
      hourOf(at),
      caller,
      model,
      prompt,
      prices,
      ...SPENDING_COUNTS.map((name) => counts[name] ?? 0),
    ];
    if (this.sql.addSpending.run(row).changes > 0) return;
    this.sql.addSpendingNames.run(caller, model, prompt, prices);
    this.sql.addSpending.run(row);
  }

  /**
   * Extends the expiry of a context, and books the hours that are added to its owners; the caller is the one whose call did it. Returns
   * the added token hours.
   */
  extend({ key, expiresAt, kept }: Extension, caller: string, at: number): number {
    const before = this.sql.expiry.get(key) as { expiresAt: number } | undefined;
    if (!before) return 0;
    this.sql.extend.run(expiresAt, key);
    if (!kept) return 0;
    const until = Math.max(before.expiresAt, expiresAt);
    const tokenHours = addedTokenHours(kept, at, before.expiresAt, until);
    if (tokenHours === 0) return 0;
    const { model, prompt, prices } = kept;
    const sharers = this.sql.sharers.all(key) as Sharer[];
    for (const share of shareOut(tokenHours, sharers, caller)) {
      this.add({ caller: share.caller, model, prompt, prices, counts: { tokenHours: share.tokens } }, at);
    }
    return tokenHours;
  }

  of(caller: string, from: number): Spending[] {
    return this.sql.spending.all(caller, hourOf(from)) as Spending[];
  }

  /** In the order in which they were first seen. */
  spenders(from: number, first: number, after: string): string[] {
    const { sql } = this;
    const last = after === '' ? undefined : (sql.nameNumber.get(after) as Numbered | undefined);
    const number = last?.number ?? 0;
    const since = hourOf(from);
    const hours = sql.spendingHours.all(since) as { hour: number }[];
    const found = [
      ...(sql.spenders.all(number, first, since) as Numbered[]),
      ...hours.flatMap(({ hour }) => sql.spendersOfHour.all(number, first, hour) as Numbered[]),
    ];
    const numbers = [...new Set(found.map((row) => row.number))].sort((one, other) => one - other);
    return numbers.slice(0, first).map((each) => (sql.nameOf.get(each) as { name: string }).name);
  }
}

interface Numbered {
  number: number;
}
