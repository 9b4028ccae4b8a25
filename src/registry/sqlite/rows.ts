import { unpackRecord } from '../record.js';
import type { Holding, Place, Use } from '../store.js';
import type { Statement } from './file.js';

/** As the statements give them. */
export type Own = [
  heldAt: number,
  usedAt: number,
  chats: number,
  promptTokens: number,
  cachedTokens: number,
  completionTokens: number,
  estimatedTokens: number,
];
export type ContextRow = [number: number, goneAt: number, data: string, caller: number | null, ...Own];
type ListRow = [key: string, goneAt: number, data: string, ...Own];
export const [NUMBER, GONE_AT, DATA, CALLER] = [0, 1, 2, 3] as const;

export function toHolding(key: string, [, goneAt, data, , ...own]: ContextRow): Holding {
  const [heldAt, usedAt, chats, promptTokens, cachedTokens, completionTokens, estimatedTokens] = own;
  const totals = { chats, promptTokens, cachedTokens, completionTokens, estimatedTokens };
  return { context: unpackRecord(key, goneAt, data), heldAt, usedAt, totals };
}

export function sumsOf(use: Use): number[] {
  return [use.chats, use.promptTokens, use.cachedTokens, use.completionTokens, use.estimatedTokens];
}

interface List {
  caller: number;
  first: number;
  place: Place;
  now: number;
}

/** Part by part, back from the place; at least as many as asked for, if there are so many, and in no order. */
export function holdingsBy(partWith: Statement, inPart: Statement, list: List): Holding[] {
  const { caller, first, place, now } = list;
  const { heldAt, key } = place;
  const found: Holding[] = [];
  const add = (part: number) => {
    const rows = inPart.all(part, caller, heldAt, heldAt, key, now, first) as ListRow[];
    for (const [key, goneAt, data, ...own] of rows)
      found.push(toHolding(key, [0, goneAt, data, caller, ...own]));
  };
  let upTo = Number.MAX_SAFE_INTEGER;
  while (found.length < first) {
    const [part] = (partWith.get(upTo, caller, heldAt) as [number] | undefined) ?? [];
    if (part === undefined) return found;
    add(part);
    upTo = part - 1;
  }
  // What came in at the end of a part may be as old as what came in at the next one's beginning.
  add(upTo);
  return found;
}

export function newestFirst(one: Holding, other: Holding): number {
  return other.heldAt - one.heldAt || (one.context.key < other.context.key ? 1 : -1);
}
