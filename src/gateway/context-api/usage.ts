/** How many tokens an answer counts, in whichever of the usual spellings. */

import { asArray, asCount, asObject, type JsonObject, MAX_INT } from '../json.js';
import type { GatewayUsage } from '../types.js';

/** Of an answer or a chunk: at its top, as Google names it, or in its first choice. */
export function usageOf(answer: JsonObject): GatewayUsage | null {
  return fromUsage(answer.usage) ?? fromUsage(answer.usageMetadata) ?? fromUsage(choiceUsage(answer));
}

function choiceUsage({ choices }: JsonObject): unknown {
  return asObject(asArray(choices)?.[0])?.usage;
}

/** null where the gateway gave no count of the prompt: a made-up zero would spoil every sum. */
function fromUsage(value: unknown): GatewayUsage | null {
  const usage = asObject(value);
  if (usage === null) return null;
  const counted = largest(usage.prompt_tokens, usage.input_tokens, usage.promptTokenCount);
  if (counted === null) return null;
  const cachedTokens = largest(
    asObject(usage.prompt_tokens_details)?.cached_tokens,
    asObject(usage.input_tokens_details)?.cached_tokens,
    usage.cache_read_input_tokens,
    usage.prompt_cache_hit_tokens,
    usage.cached_tokens,
    usage.cachedContentTokenCount,
  );
  const reasoningTokens = largest(
    asObject(usage.completion_tokens_details)?.reasoning_tokens,
    asObject(usage.output_tokens_details)?.reasoning_tokens,
    usage.thoughtsTokenCount,
  );
  // More cached than counted: the prompt was counted without the cached tokens.
  const isApart = cachedTokens !== null && cachedTokens > counted;
  const promptTokens = isApart ? sum(counted, cachedTokens) : counted;
  const completionTokens =
    largest(usage.completion_tokens, usage.output_tokens, usage.candidatesTokenCount) ?? 0;
  const total = largest(usage.total_tokens, usage.totalTokenCount);
  const atLeast = sum(promptTokens, completionTokens);
  return {
    promptTokens,
    completionTokens,
    totalTokens: total === null || (isApart && total < atLeast) ? atLeast : total,
    promptTokensDetails: cachedTokens === null ? null : { cachedTokens },
    completionTokensDetails: reasoningTokens === null ? null : { reasoningTokens },
    cacheCreationInputTokens: asCount(usage.cache_creation_input_tokens),
  };
}

/** Translating proxies fill the spellings that they do not know with zeros. */
function largest(...values: unknown[]): number | null {
  const counts = values.map(asCount).filter((count) => count !== null);
  return counts.length === 0 ? null : Math.max(...counts);
}

function sum(one: number, other: number): number {
  return Math.min(one + other, MAX_INT);
}
