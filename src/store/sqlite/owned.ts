import type Database from 'libsql';
import { unpackRecord } from '../record.js';
import type { ListPosition, OwnedContext, Totals } from '../store.js';
import type { Statements } from './file.js';

export interface OwnedRow extends Totals {
  key: string;
  expiresAt: number;
  data: string;
  ownedSince: number;
  lastUsedAt: number;
}

export function toOwnedContext(row: OwnedRow): OwnedContext {
  const { key, expiresAt, data, ownedSince, lastUsedAt } = row;
  const { chats, promptTokens, cachedTokens, completionTokens, estimatedTokens } = row;
  const totals = { chats, promptTokens, cachedTokens, completionTokens, estimatedTokens };
  return { context: unpackRecord(key, expiresAt, data), ownedSince, lastUsedAt, totals };
}

/** A page of the caller's contexts, sorted from those it created and those it shares. */
export function listOwned(
  sql: Statements,
  callerId: string,
  first: number,
  after: ListPosition | null,
  now: number,
): OwnedContext[] {
  const from = after ?? { ownedSince: Number.MAX_SAFE_INTEGER, key: '' };
  const list = (lastPart: Database.Statement, inPart: Database.Statement) => {
    const found: OwnedRow[] = [];
    const add = (part: number) =>
      found.push(...(inPart.all(part, callerId, from.ownedSince, from.key, now, first) as OwnedRow[]));
    for (let upTo = Number.MAX_SAFE_INTEGER; ; ) {
      const row = lastPart.get(upTo, callerId, from.ownedSince) as { part: number } | undefined;
      if (!row) return found;
      add(row.part);
      upTo = row.part - 1;
      // Parts overlap in time: the end of one may be as old as the beginning of the next.
      if (found.length >= first) {
        add(upTo);
        return found;
      }
    }
  };
  const own = list(sql.lastOwnPart, sql.ownInPart);
  const shared = list(sql.lastSharedPart, sql.sharedInPart);
  return [...own, ...shared].map(toOwnedContext).sort(newestFirst).slice(0, first);
}

function newestFirst(one: OwnedContext, other: OwnedContext): number {
  return other.ownedSince - one.ownedSince || (one.context.key < other.context.key ? 1 : -1);
}
