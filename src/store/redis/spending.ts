import type { Redis } from 'ioredis';
import { DAY_MS, dayOf, hourOf } from '../hours.js';
import { type Bill, type Kept, SPENDING_COUNTS, type Spending, type SpendingKey } from '../spending.js';

/** What a script is to count, as JSON: prefix, day, hour, bills of caller, name and counts, and what a context keeps. */
export function packSpending(prefix: string, at: number, bills: readonly Bill[], kept: Kept | null): string {
  if (bills.length === 0 && !kept) return '';
  const rows = bills.map((bill) => [
    bill.caller,
    packName(bill),
    ...SPENDING_COUNTS.map((name) => bill.counts[name] ?? 0),
  ]);
  const keeps = kept && [packName(kept), kept.since, kept.tokens, kept.addedTokens];
  return JSON.stringify([prefix, dayOf(at) / DAY_MS, hourOf(at), rows, keeps ?? []]);
}

/** Reads what the scripts have counted. */
export class RedisSpending {
  constructor(private readonly redis: Redis) {}

  async of(caller: string, from: number, now: number): Promise<Spending[]> {
    const days = await Promise.all(
      daysBetween(from, now).map(async (day) => {
        const counts = await this.redis.hgetall(`s:${caller}:${day / DAY_MS}`);
        return sumUp(day, counts, hourOf(from));
      }),
    );
    return days.flat();
  }

  /** Sorted by id. */
  async spenders(from: number, now: number, first: number, after: string): Promise<string[]> {
    const pages = await Promise.all(
      daysBetween(from, now).map((day) =>
        this.redis.zrangebylex(
          `sd:${day / DAY_MS}`,
          after === '' ? '-' : `(${after}`,
          '+',
          'LIMIT',
          0,
          first,
        ),
      ),
    );
    // Redis sorts by bytes.
    const sorted = [...new Set(pages.flat())].sort((one, other) =>
      Buffer.compare(Buffer.from(one), Buffer.from(other)),
    );
    return sorted.slice(0, first);
  }
}

function daysBetween(from: number, now: number): number[] {
  const first = dayOf(from);
  return Array.from({ length: Math.floor((now - first) / DAY_MS) + 1 }, (_, index) => first + index * DAY_MS);
}

function packName({ model, prompt, prices }: SpendingKey): string {
  return JSON.stringify([model, prompt, prices]);
}

function sumUp(day: number, counts: Record<string, string>, from: number): Spending[] {
  const byName = new Map<string, Spending>();
  for (const [field, number] of Object.entries(counts)) {
    const [, hour, position, name] = /^(\d+):(\d+):(.*)$/s.exec(field) ?? [];
    const kind = SPENDING_COUNTS[Number(position) - 1];
    if (kind === undefined || name === undefined || Number(hour) < from) continue;
    const sums = byName.get(name) ?? none(day, name);
    sums[kind] += Number(number);
    byName.set(name, sums);
  }
  return [...byName.values()].sort(byKey);
}

function none(day: number, name: string): Spending {
  const [model, prompt, prices] = JSON.parse(name) as [string, string, string];
  const zeros = { input: 0, cachedInput: 0, cacheWrite: 0, output: 0 };
  return { day, model, prompt, prices, ...zeros, chatPrompt: 0, chatOutput: 0, tokenHours: 0, userTokens: 0 };
}

function byKey(one: Spending, other: Spending): number {
  const [a, b] = [packName(one), packName(other)];
  return a < b ? -1 : Number(a > b);
}
