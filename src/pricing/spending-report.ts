import { setImmediate } from 'node:timers/promises';
import { SPENDING_COUNTS, type Spending } from '../store/spending.js';
import type { Store } from '../store/store.js';
import { type Amounts, addAmounts, amountsOf, currencyOf } from './money-report.js';

export const GROUPINGS = ['caller', 'model', 'prompt', 'day'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** What was spent under one name in one currency. */
export interface ReportLine {
  name: string;
  currency: string;
  tokens: Pick<Spending, 'input' | 'cachedInput' | 'cacheWrite' | 'output'>;
  amounts: Amounts;
}

/** Callers whose spending is read at once. */
const PAGE = 100;
const COUNTED_PAGE = 10_000;

export async function countSpenders(store: Store, since: number, now: number): Promise<number> {
  let callers = 0;
  for await (const page of spenderPages(store, since, now, COUNTED_PAGE)) callers += page.length;
  return callers;
}

async function* spenderPages(
  store: Store,
  since: number,
  now: number,
  size: number,
): AsyncGenerator<string[]> {
  for (let after = ''; ; ) {
    const page = await store.spenders(since, now, size, after);
    if (page.length > 0) yield page;
    // Native results of queries are freed between turns of the event loop only.
    await setImmediate();
    after = page.at(-1) ?? '';
    if (page.length < size) return;
  }
}

/**
 * The spending of all callers by name. Memory is bounded: by caller, lines come as callers are read; otherwise there are few names.
 * `onCallers` hears how many callers were read.
 */
export async function* spendingReport(
  store: Store,
  by: Grouping,
  since: number,
  now: number,
  onCallers: (callers: number) => void,
): AsyncGenerator<ReportLine> {
  const sums = new Sums();
  for await (const page of spenderPages(store, since, now, PAGE)) {
    const found = await Promise.all(page.map((caller) => store.spending(caller, since, now)));
    for (const [index, caller] of page.entries()) {
      for (const spending of found[index] ?? []) sums.add(nameOf(spending, caller, by), spending);
      if (by === 'caller') yield* sums.take();
    }
    onCallers(page.length);
  }
  yield* sums.take();
}

function nameOf({ model, prompt, day }: Spending, caller: string, by: Grouping): string {
  if (by === 'day') return new Date(day).toISOString().slice(0, 10);
  return { caller, model, prompt }[by];
}

/** Sums of counts by name and prices; amounts are computed once for each. */
class Sums {
  private readonly byKind = new Map<string, { name: string; spending: Spending }>();

  add(name: string, spending: Spending): void {
    const kind = JSON.stringify([name, spending.prices]);
    const sum = this.byKind.get(kind);
    if (!sum) this.byKind.set(kind, { name, spending: { ...spending } });
    else for (const count of SPENDING_COUNTS) sum.spending[count] += spending[count];
  }

  /** Lines sorted by name and currency; begins anew. */
  take(): ReportLine[] {
    const lines = new Map<string, ReportLine>();
    for (const { name, spending } of this.byKind.values()) {
      const line = lineOf(name, spending);
      const kind = JSON.stringify([name, line.currency]);
      const known = lines.get(kind);
      lines.set(kind, known ? merge(known, line) : line);
    }
    this.byKind.clear();
    return [...lines].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, line]) => line);
  }
}

function lineOf(name: string, spending: Spending): ReportLine {
  const { input, cachedInput, cacheWrite, output } = spending;
  const tokens = { input, cachedInput, cacheWrite, output };
  return { name, currency: currencyOf(spending), tokens, amounts: amountsOf(spending) };
}

function merge(one: ReportLine, other: ReportLine): ReportLine {
  const tokens = {
    input: one.tokens.input + other.tokens.input,
    cachedInput: one.tokens.cachedInput + other.tokens.cachedInput,
    cacheWrite: one.tokens.cacheWrite + other.tokens.cacheWrite,
    output: one.tokens.output + other.tokens.output,
  };
  return { ...one, tokens, amounts: addAmounts(one.amounts, other.amounts) };
}
