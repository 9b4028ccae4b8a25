import { ContextExpiry } from '../gateway/caching-api.js';
import type { GatewayUsage } from '../gateway/types.js';
import type { Bill, Kept } from '../registry/spending.js';
import type { ContextRecord } from '../registry/store.js';
import { unpackDetails } from './details.js';
import { expiryOf, isPrefix } from './records.js';

/**
 * What the gateway keeps of a context from a chat on, at the prices of its bill; null if nobody knows for how long, or how much. A session
 * keeps the chat, too, if it was answered in full.
 */
export function keptAfter(
  context: ContextRecord,
  { model, prompt, prices }: Bill,
  usage: GatewayUsage,
  isComplete: boolean,
  at: number,
): Kept | null {
  const details = unpackDetails(context.details);
  const created = details.usage?.promptTokens;
  // Where the end is fixed, what a chat adds is kept from then on, and nothing before it for longer.
  const since = expiryOf(context) === ContextExpiry.FIXED ? at : (details.recreatedAt ?? context.createdAt);
  const key = { model, prompt, prices, since };
  if (context.ttl === null) return null;
  if (isPrefix(context)) return created === undefined ? null : { ...key, tokens: created, addedTokens: 0 };
  const { promptTokens, completionTokens, promptTokensDetails } = usage;
  const tokens = Math.min(promptTokensDetails?.cachedTokens ?? created ?? 0, promptTokens);
  const addedTokens = isComplete ? promptTokens - tokens + completionTokens : 0;
  return { ...key, tokens, addedTokens };
}
