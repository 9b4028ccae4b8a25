import { APIS, type ApiName, defaultApi } from '../gateway/apis.js';
import { ContextExpiry } from '../gateway/caching-api.js';
import { ContextMode, type GatewayUsage } from '../gateway/types.js';
import { costOf } from '../pricing/cost.js';
import { DAY_MS } from '../store/hours.js';
import { type ContextRecord, type OwnedContext, type Totals } from '../store/store.js';
import { unpackDetails } from './details.js';
import type { ContextCache, ContextTotals } from './types.js';

/** The gateway's longest ttl (context-create.zh.txt, 3.2), for contexts whose ttl is unknown. */
const UNKNOWN_TTL_MS = 7 * DAY_MS;

/** Chats do not change a prefix, so any number of them can run at once. */
export function isPrefix({ mode }: Pick<ContextRecord, 'mode'>): boolean {
  return mode === ContextMode.COMMON_PREFIX;
}

/** The API that the context belongs to. */
export function apiOfContext({ model, details }: Pick<ContextRecord, 'model' | 'details'>): ApiName {
  return unpackDetails(details).api ?? defaultApi(model);
}

export function expiryOf(context: Pick<ContextRecord, 'model' | 'details'>): ContextExpiry {
  return APIS[apiOfContext(context)].capabilitiesOf(context.model).expiry;
}

/** When a context expires that a chat uses at `time`. */
export function expiryAfterUse(context: ContextRecord, time: number): number {
  return expiryOf(context) === ContextExpiry.FIXED ? context.expiresAt : expiryAfter(time, context.ttl);
}

/** When a context that is created or used at `time` expires, if uses restart its ttl. */
export function expiryAfter(time: number, ttl: number | null): number {
  return time + (ttl === null ? UNKNOWN_TTL_MS : ttl * 1_000);
}

export function toContextCache({ context, lastUsedAt, totals }: OwnedContext, reused = false): ContextCache {
  const { id, model, mode, ttl, createdAt, expiresAt, details } = context;
  const { truncationStrategy, usage, prices } = unpackDetails(details);
  return {
    id,
    model,
    mode: mode as ContextMode | null,
    ttl,
    truncationStrategy,
    usage: usage && { ...usage, cost: prices && costOf(usage, prices) },
    createdAt: new Date(createdAt),
    expiresAt: ttl === null ? null : new Date(expiresAt),
    expiry: expiryOf(context),
    lastUsedAt: new Date(lastUsedAt),
    reused,
    totals: toContextTotals(totals),
  };
}

export function toContextTotals(totals: Totals): ContextTotals {
  const { chats, promptTokens, cachedTokens, completionTokens, estimatedTokens } = totals;
  // Totals of earlier versions may count prompts without their cached tokens.
  const cacheHitRate = promptTokens === 0 ? null : Math.min(cachedTokens / promptTokens, 1);
  return { chats, promptTokens, cachedTokens, completionTokens, estimatedTokens, cacheHitRate };
}

export function addTotals(one: Totals, other: Totals): Totals {
  return {
    chats: one.chats + other.chats,
    promptTokens: one.promptTokens + other.promptTokens,
    cachedTokens: one.cachedTokens + other.cachedTokens,
    completionTokens: one.completionTokens + other.completionTokens,
    estimatedTokens: one.estimatedTokens + other.estimatedTokens,
  };
}

/** What the gateway counted for one chat. */
export function toTotals(usage: GatewayUsage | null): Totals {
  return {
    chats: 1,
    promptTokens: usage?.promptTokens ?? 0,
    cachedTokens: usage?.promptTokensDetails?.cachedTokens ?? 0,
    completionTokens: usage?.completionTokens ?? 0,
    estimatedTokens: 0,
  };
}

/** For chats that the gateway has not counted, or not to their ends. */
export function toUsage({ promptTokens, cachedTokens, completionTokens }: Totals): GatewayUsage {
  return {
    promptTokens,
    completionTokens,
    totalTokens: promptTokens + completionTokens,
    promptTokensDetails: { cachedTokens },
    completionTokensDetails: null,
    cacheCreationInputTokens: null,
  };
}
