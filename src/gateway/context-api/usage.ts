/** Reads the token usage of a response in any of the known spellings. */

import { asArray, asCount, asObject, type JsonObject, MAX_INT } from '../json.js';
import type { GatewayUsage } from '../types.js';

/** Of a response or a chunk: at the top level, in Google's spelling, or in the first choice. */
export function usageOf(answer: JsonObject): GatewayUsage | null {
  return fromUsage(answer.usage) ?? fromUsage(answer.usageMetadata) ?? fromUsage(choiceUsage(answer));
}

function choiceUsage({ choices }: JsonObject): unknown {
  return asObject(asArray(choices)?.[0])?.usage;
}

/** null without a prompt count, or with a count of 0, which some relays send for usage they do not know: both would falsify every sum. */
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
  const writtenTokens = asCount(usage.cache_creation_input_tokens);
  // More tokens read from the cache or written to it than prompt tokens: the prompt count excludes both, as Anthropic's does.
  const ofCache = [cachedTokens ?? 0, writtenTokens ?? 0];
  const isApart = Math.max(...ofCache) > counted;
  const promptTokens = isApart ? ofCache.reduce(sum, counted) : counted;
  if (promptTokens === 0) return null;
  // Google counts thoughts apart from the answer, and bills both.
  const fromGoogle = sum(asCount(usage.candidatesTokenCount) ?? 0, asCount(usage.thoughtsTokenCount) ?? 0);
  const answerTokens = largest(usage.completion_tokens, usage.output_tokens, fromGoogle) ?? 0;
  const total = largest(usage.total_tokens, usage.totalTokenCount);
  // Some, such as xAI, count reasoning apart from the answer, and bill both: then only all three make the total.
  const thought = sum(answerTokens, reasoningTokens ?? 0);
  const completionTokens = total === sum(promptTokens, thought) ? thought : answerTokens;
  const atLeast = sum(promptTokens, completionTokens);
  return {
    promptTokens,
    completionTokens,
    totalTokens: total === null || (isApart && total < atLeast) ? atLeast : total,
    promptTokensDetails: cachedTokens === null ? null : { cachedTokens },
    completionTokensDetails: reasoningTokens === null ? null : { reasoningTokens },
    cacheCreationInputTokens: writtenTokens,
  };
}

/** Translating proxies fill unknown spellings with zeros. */
function largest(...values: unknown[]): number | null {
  const counts = values.map(asCount).filter((count) => count !== null);
  return counts.length === 0 ? null : Math.max(...counts);
}

function sum(one: number, other: number): number {
  return Math.min(one + other, MAX_INT);
}
