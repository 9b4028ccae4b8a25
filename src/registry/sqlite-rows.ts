import type Database from 'libsql';
import { unpackRecord } from './record.js';
import { HOUR_MS, type Holding, type Place, type Use } from './store.js';

/** As the statements give them. */
export type Own = [
  heldAt: number,
  usedAt: number,
  chats: number,
  promptTokens: number,
  cachedTokens: number,
  completionTokens: number,
];
export type ContextRow = [number: number, goneAt: number, data: string, caller: number | null, ...Own];
type ListRow = [key: string, goneAt: number, data: string, ...Own];
export const [NUMBER, GONE_AT, DATA, CALLER] = [0, 1, 2, 3] as const;

export function toHolding(key: string, [, goneAt, data, , ...own]: ContextRow): Holding {
  const [heldAt, usedAt, chats, promptTokens, cachedTokens, completionTokens] = own;
  const totals = { chats, promptTokens, cachedTokens, completionTokens };
  return { context: unpackRecord(key, goneAt, data), heldAt, usedAt, totals };
}

export function sumsOf({ chats, promptTokens, cachedTokens, completionTokens }: Use): number[] {
  return [chats, promptTokens, cachedTokens, completionTokens];
}

interface List {
  caller: number;
  first: number;
  place: Place;
  now: number;
}

/** Hour by hour, back from the place. */
export function holdingsBy(hourWith: Database.Statement, inHour: Database.Statement, list: List): Holding[] {
  const { caller, first, place, now } = list;
  const { heldAt, key } = place;
  const found: Holding[] = [];
  for (let upTo = Math.floor(heldAt / HOUR_MS); found.length < first; ) {
    const [hour] = (hourWith.get(upTo, caller) as [number] | undefined) ?? [];
    if (hour === undefined) break;
    const rows = inHour.all(hour, caller, heldAt, heldAt, key, now, first - found.length) as ListRow[];
    for (const [key, goneAt, data, ...own] of rows)
      found.push(toHolding(key, [0, goneAt, data, caller, ...own]));
    upTo = hour - 1;
  }
  return found;
}

export function newestFirst(one: Holding, other: Holding): number {
  return other.heldAt - one.heldAt || (one.context.key < other.context.key ? 1 : -1);
}
