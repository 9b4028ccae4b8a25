/** What the gateway holds; times are milliseconds since the epoch. */
export interface ContextRecord {
  /** Names it in the store: the id, within the gateway account that it belongs to. */
  key: string;
  /** What callers name it by: the gateway's first id for it. */
  id: string;
  /** What the gateway names it by now: another id than at first once it had to be created again. */
  gatewayId: string;
  /** The model that was asked for. */
  model: string;
  mode: string | null;
  /** Seconds; null where the gateway gave none. */
  ttl: number | null;
  createdAt: number;
  /** When it expires, or where that is not known, until when it is remembered. */
  goneAt: number;
  /** Names the value that keeps the messages it began with, where they are kept. */
  messages: string | null;
  /** What else the gateway said of it; the store does not look inside. */
  details: string;
}

/** Sums over chats. */
export interface Totals {
  chats: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** How many of the prompt and completion tokens the gateway did not tell, so that they were estimated. */
  estimatedTokens: number;
}

/** A context and what one caller has of it: callers may share a context, never a holding. */
export interface Holding {
  context: ContextRecord;
  /** When the caller came to hold it. */
  heldAt: number;
  /** The caller's own last use. */
  usedAt: number;
  totals: Totals;
}

/** What one chat adds to a holding, and the end it moves the context's time to live to. */
export interface Use extends Totals {
  /** When the chat began: the context had to live then. */
  startedAt: number;
  at: number;
  goneAt: number;
}

/** A place in a caller's list, which is ordered by heldAt and key, the newest first. */
export interface Place {
  heldAt: number;
  key: string;
}

/** What one caller used of one model. */
export interface ModelUsage extends Totals {
  model: string;
  /** Contexts that the caller came to hold. */
  contexts: number;
}

/**
 * Where contexts are remembered. The time is handed in. What has expired is as good as gone, whether it is removed yet
 * or not. A promise that resolves has survived the end of this process.
 */
export interface Store {
  /** Writes a new context with its first holder. Whoever held another one under this key holds nothing now. */
  create(context: ContextRecord, callerId: string): Promise<void>;
  /** Makes the caller one more holder of a live context; null where there is none. */
  share(key: string, callerId: string, now: number): Promise<Holding | null>;
  /** Writes a context anew for all its holders, if it is still there. */
  replace(context: ContextRecord): Promise<void>;
  /** Removes a context with all its holdings. */
  remove(key: string): Promise<void>;
  context(key: string, now: number): Promise<ContextRecord | null>;

  holding(callerId: string, key: string, now: number): Promise<Holding | null>;
  /** At most `first` live holdings behind `after`. */
  holdings(callerId: string, first: number, after: Place | null, now: number): Promise<Holding[]>;
  /** Adds to the holding and moves the context's end; null where the caller held no such live context when it began. */
  use(callerId: string, key: string, use: Use): Promise<Holding | null>;
  /** Whether there was one. */
  release(callerId: string, key: string, now: number): Promise<boolean>;
  /** By model, from the hour that `since` lies in; at most USAGE_KEPT_MS are kept. */
  usage(callerId: string, since: number, now: number): Promise<ModelUsage[]>;

  value(key: string, now: number): Promise<string | null>;
  /** Keeps a value for `ttlMs` from `now`. */
  setValue(key: string, value: string, ttlMs: number, now: number): Promise<void>;
  /** The same where nothing live is; gives back what was there. */
  addValue(key: string, value: string, ttlMs: number, now: number): Promise<string | null>;
  /** Writes over `expected` alone, or removes it where `value` is null; whether it did. */
  swapValue(
    key: string,
    expected: string,
    value: string | null,
    ttlMs: number,
    now: number,
  ): Promise<boolean>;
  /** Keeps a value until `until` at least. */
  keepValue(key: string, until: number, now: number): Promise<void>;

  /**
   * Joins the queue for a lease, or keeps a place in it, for `ttlMs` by the store's own clock; whether the token is the first, and
   * so holds the lease. A place that has expired is lost: its token goes to the end.
   */
  takeLease(name: string, token: string, ttlMs: number): Promise<boolean>;
  /** Whether the token still holds the lease, for `ttlMs` more. */
  renewLease(name: string, token: string, ttlMs: number): Promise<boolean>;
  /** Gives up the lease, or the place in its queue. */
  endLease(name: string, token: string): Promise<void>;

  /**
   * Throws where the store cannot be reached, or cannot take so many bytes: they are written where contexts are, and removed.
   * A read that works says nothing of writes.
   */
  check(bytes?: number): Promise<void>;
  /** Clears away what has expired; what is gone leaves no trace in the store’s files. */
  tidy(now: number): Promise<void>;
  close(): Promise<void>;
}

/** Bytes that a check writes unless it is told otherwise: more than fit into what is free in the pages in use. */
export const CHECK_BYTES = 32_768;

/** The grain of the usage report. */
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const USAGE_KEPT_MS = 400 * DAY_MS;

/** What has expired is cleared away this much later, so that a chat that began in time can still be counted. */
export const CLEAR_AFTER_MS = 15 * 60_000;

export const NO_USE: Totals = {
  chats: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  estimatedTokens: 0,
};

export function hourOf(time: number): number {
  return Math.floor(time / HOUR_MS) * HOUR_MS;
}
