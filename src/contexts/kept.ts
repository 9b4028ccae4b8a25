import { ContextExpiry } from '../gateway/caching-api.js';
import type { GatewayUsage } from '../gateway/types.js';
import type { Bill, Kept } from '../store/spending.js';
import type { ContextRecord } from '../store/store.js';
import { createdTokens, unpackDetails } from './details.js';
import { expiryOf, isPrefix } from './records.js';

/**
 * The tokens that the gateway stores after a chat, at its bill's prices; null if their number or the ttl is unknown.
 * A session also stores the chat, if its answer is complete.
 */
export function keptAfter(
  context: ContextRecord,
  { model, prompt, prices }: Bill,
  usage: GatewayUsage,
  isComplete: boolean,
  at: number,
  sessionTokens = 0,
): Kept | null {
  const created = createdTokens(context.details);
  // With a fixed expiry a chat extends no earlier tokens; its own are stored from now on.
  const since =
    expiryOf(context) === ContextExpiry.FIXED
      ? at
      : (unpackDetails(context.details).recreatedAt ?? context.createdAt);
  const key = { model, prompt, prices, since };
  if (context.ttl === null) return null;
  if (isPrefix(context)) return created === null ? null : { ...key, tokens: created, addedTokens: 0 };
  const { promptTokens, completionTokens, promptTokensDetails } = usage;
  // Without a hit, or where hits are not counted, the gateway still keeps the session.
  const tokens = Math.min(promptTokensDetails?.cachedTokens || sessionTokens, promptTokens);
  const addedTokens = isComplete ? promptTokens - tokens + completionTokens : 0;
  return { ...key, tokens, addedTokens };
}
