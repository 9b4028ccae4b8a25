import { HOUR_MS } from './hours.js';

/** In the order in which the stores write them; new ones come last. */
export const SPENDING_COUNTS = [
  'input',
  'cachedInput',
  'cacheWrite',
  'output',
  'chatPrompt',
  'chatOutput',
  'tokenHours',
  'userTokens',
] as const;

/** What calls used, in tokens. Amounts are computed from these sums when a report is read, so they are exact. */
export interface SpendingCounts {
  /** Of chats and creations; no token is in two of these four. */
  input: number;
  cachedInput: number;
  cacheWrite: number;
  output: number;
  /** All prompt and completion tokens of the chats among them. */
  chatPrompt: number;
  chatOutput: number;
  /** Tokens kept at the gateway, times the started hours that they are kept for. */
  tokenHours: number;
  /** Of a prompt's contexts: the tokens of all callers' chats with them. */
  userTokens: number;
}

/** What spending is summed up by, beside the caller and the day. */
export interface SpendingKey {
  model: string;
  /** Name of the prompt; empty if there is none. */
  prompt: string;
  /** The prices of that time, opaque to the store. */
  prices: string;
}

/** What one call adds to a caller's spending. */
export interface Bill extends SpendingKey {
  caller: string;
  counts: Partial<SpendingCounts>;
}

/** What a context keeps at the gateway once a call has extended its expiry. The hours are booked to its owners, by their tokens. */
export interface Kept extends SpendingKey {
  /** When the gateway began to keep it: its hours are counted from here. */
  since: number;
  /** What it kept before the call. */
  tokens: number;
  /** What the call added. */
  addedTokens: number;
}

/** The new expiry of a context; never shortens it. */
export interface Extension {
  key: string;
  expiresAt: number;
  /** null if it costs nothing. */
  kept: Kept | null;
}

/** A caller's sums of one day (UTC). */
export interface Spending extends SpendingKey, SpendingCounts {
  /** Milliseconds since the epoch. */
  day: number;
}

/** A caller and its tokens so far. */
export interface Sharer {
  caller: string;
  tokens: number;
}

export function startedHours(since: number, until: number): number {
  return Math.max(0, Math.ceil((until - since) / HOUR_MS));
}

/** The token hours that a call at `at` adds by moving the expiry from `from` to `until`. */
export function addedTokenHours(kept: Kept, at: number, from: number, until: number): number {
  const { since, tokens, addedTokens } = kept;
  const hours = startedHours(since, until);
  const over = Math.floor((at - since) / HOUR_MS);
  return tokens * (hours - startedHours(since, from)) + addedTokens * (hours - over);
}

/**
 * Divides whole token hours by the sharers' tokens. The rest goes to the caller or, if it is not among them, to the first by name; without
 * sharers, the caller gets all.
 */
export function shareOut(tokenHours: number, sharers: readonly Sharer[], caller: string): Sharer[] {
  const sum = sharers.reduce((total, { tokens }) => total + tokens, 0);
  const [first = caller] = sharers.map((sharer) => sharer.caller).sort();
  const last = sharers.some((sharer) => sharer.caller === caller) ? caller : first;
  const others = sharers
    .filter((sharer) => sharer.caller !== last)
    .map((sharer) => ({
      caller: sharer.caller,
      tokens: sum === 0 ? 0 : Math.floor((tokenHours * sharer.tokens) / sum),
    }));
  const rest = others.reduce((left, { tokens }) => left - tokens, tokenHours);
  return [...others, { caller: last, tokens: rest }].filter(({ tokens }) => tokens !== 0);
}
