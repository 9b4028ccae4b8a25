import { DAY_MS } from './hours.js';
import type { RunStore } from './runs.js';
import type { Bill, Extension, Kept, Spending } from './spending.js';

/** A context at the gateway. All times are in milliseconds since the epoch. */
export interface ContextRecord {
  /** Unique in the store: the id and the gateway account that it belongs to. */
  key: string;
  /** The id that callers use: the gateway's first id. */
  id: string;
  /** The gateway's current id; it differs from `id` after the context was recreated. */
  gatewayId: string;
  /** The requested model. */
  model: string;
  mode: string | null;
  /** Seconds; null if the gateway gave none. */
  ttl: number | null;
  createdAt: number;
  /** When the context expires or, if its ttl is unknown, when its record does. */
  expiresAt: number;
  /** Key of the value with the initial messages; null if they are not stored. */
  messages: string | null;
  /** Other facts from the gateway, opaque to the store. */
  details: string;
}

/** Sums over chats. */
export interface Totals {
  chats: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** The part of the prompt and completion tokens that the gateway did not report, so they were estimated. */
  estimatedTokens: number;
}

/** A context with one of its owners' own data. A shared context has several owners. */
export interface OwnedContext {
  context: ContextRecord;
  /** When the caller created the context or began to share it. */
  ownedSince: number;
  /** This owner's last use. */
  lastUsedAt: number;
  totals: Totals;
}

/** A context after a use. */
export interface UsedContext extends OwnedContext {
  /** Token hours that the use has added by extending the expiry. */
  tokenHours: number;
  /** False if the gateway id had changed already. */
  hasMoved: boolean;
}

/** What one chat adds to its owner's totals, and the context's new expiry. */
export interface Use extends Totals {
  /** When the chat began; the context must have been live then. */
  startedAt: number;
  at: number;
  expiresAt: number;
  /** What the chat costs its caller; null if its model has no price. */
  bill: Bill | null;
  /** null if keeping the context costs nothing. */
  kept: Kept | null;
  /** Replaces the context's gateway id, unless it has changed since. */
  moved?: { from: ContextRecord; to: ContextRecord } | undefined;
}

/** A chat whose caller owns no context. */
export interface UnownedUse {
  /** Pays for a context that nobody owns. */
  caller: string;
  /** Sums to add the chat to. */
  names: readonly UsageName[];
  used: Totals;
  at: number;
  /** The context that it used, if any. */
  extension: Extension | null;
  bills: readonly Bill[];
}

/** A position in a caller's list, which is sorted by ownedSince and key in descending order. */
export interface ListPosition {
  ownedSince: number;
  key: string;
}

/** Where usage is summed up: a scope (a caller, or a caller's prompts), and a name in it (a model, a prompt). */
export interface UsageName {
  scope: string;
  name: string;
}

/** The sums of one name in a scope. */
export interface Usage extends Totals {
  name: string;
  /** Contexts that were created or shared. */
  contexts: number;
}

/**
 * Stores contexts, their owners and values. Callers pass the current time; expired entries are never returned, whether they are
 * deleted yet or not. Writes are durable across a crash of this process once their promise resolves.
 */
export interface Store {
  readonly runs: RunStore;

  /** Writes a new context with its first owner. A context with the same key is replaced and loses its owners. */
  create(context: ContextRecord, callerId: string, bill?: Bill | null): Promise<void>;
  /** Makes the caller an owner of a live context; null if there is none. */
  addOwner(key: string, callerId: string, now: number): Promise<OwnedContext | null>;
  /** Overwrites an existing context and keeps its owners. The bill is counted at `at`, whether the context exists or not. */
  replace(context: ContextRecord, bill: Bill | null, at: number): Promise<void>;
  /** Deletes a context with all its owners. */
  remove(key: string): Promise<void>;
  context(key: string, now: number): Promise<ContextRecord | null>;

  ownedContext(callerId: string, key: string, now: number): Promise<OwnedContext | null>;
  /** At most `first` live contexts of the caller, after the position. */
  ownedContexts(
    callerId: string,
    first: number,
    after: ListPosition | null,
    now: number,
  ): Promise<OwnedContext[]>;
  /** Adds to the owner's totals and extends the expiry; null if the caller owned no such live context when the chat began. */
  use(callerId: string, key: string, use: Use): Promise<UsedContext | null>;
  /** Returns whether the caller owned the context. */
  removeOwner(callerId: string, key: string, now: number): Promise<boolean>;
  /** Deletes a context that nobody owns any more; returns it, or null if there is none. */
  removeUnowned(key: string, now: number): Promise<ContextRecord | null>;
  /** Adds a chat to sums, and extends the expiry of the context that it used. Returns the token hours that this has added. */
  addUsage(use: UnownedUse): Promise<number>;
  /** A scope's sums sorted by name, from the hour of `since`; usage is kept for USAGE_RETENTION_MS. */
  usage(scope: string, since: number, now: number): Promise<Usage[]>;
  /** A caller's spending by day, model, prompt and prices, from the hour of `since`; kept as long as usage. */
  spending(callerId: string, since: number, now: number): Promise<Spending[]>;
  /** At most `first` callers who have spent anything since then, after this one in the store's own order; '' precedes all. */
  spenders(since: number, now: number, first: number, after: string): Promise<string[]>;

  value(key: string, now: number): Promise<string | null>;
  /** Stores a value that expires `ttlMs` after `now`. */
  setValue(key: string, value: string, ttlMs: number, now: number): Promise<void>;
  /** Stores the value only if there is no live one; otherwise returns the existing value. */
  addValue(key: string, value: string, ttlMs: number, now: number): Promise<string | null>;
  /** Overwrites the value only if it equals `expected`, or deletes it if `value` is null; returns whether it did. */
  compareAndSwapValue(
    key: string,
    expected: string,
    value: string | null,
    ttlMs: number,
    now: number,
  ): Promise<boolean>;
  /** Extends the expiry of an existing value to `until`; never shortens it. */
  extendValue(key: string, until: number, now: number): Promise<void>;

  /**
   * Joins the queue for a lease, or renews the entry in it, for `ttlMs` by the store's own clock. Returns whether the token is at the
   * front and so holds the lease. An expired entry loses its position: its token rejoins at the end.
   */
  acquireLease(name: string, token: string, ttlMs: number): Promise<boolean>;
  /** Extends the lease by `ttlMs` if the token still holds it; returns whether it does. */
  renewLease(name: string, token: string, ttlMs: number): Promise<boolean>;
  /** Whether any token holds the lease. */
  isLeaseHeld(name: string): Promise<boolean>;
  /** Releases the lease, or leaves its queue. */
  releaseLease(name: string, token: string): Promise<void>;

  /**
   * Throws if the store is unreachable or cannot write `bytes` bytes to the place where contexts are stored. They are deleted again.
   * A successful read proves nothing about writes.
   */
  check(bytes?: number): Promise<void>;
  /** Deletes expired entries; afterwards the store's files no longer contain their text. */
  purgeExpired(now: number): Promise<void>;
  close(): Promise<void>;
}

/** Default size of a check: more than fits into the free space of pages in use. */
export const CHECK_BYTES = 32_768;

export const USAGE_RETENTION_MS = 400 * DAY_MS;

/** Expired contexts are deleted after this delay, so that chats that began in time can still be counted. */
export const PURGE_DELAY_MS = 15 * 60_000;

export const ZERO_TOTALS: Totals = {
  chats: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  estimatedTokens: 0,
};
