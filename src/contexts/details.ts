import type { GatewayTruncationStrategy, GatewayUsage } from '../gateway/types.js';

export interface Details {
  truncationStrategy: GatewayTruncationStrategy | null;
  usage: GatewayUsage | null;
}

type PackedStrategy = [
  type: GatewayTruncationStrategy['type'],
  lastHistoryTokens: number | null,
  rollingTokens: boolean | null,
  maxWindowTokens?: number | null,
  rollingWindowTokens?: number | null,
];
type PackedUsage = [
  promptTokens: number,
  completionTokens: number,
  totalTokens: number,
  cachedTokens: number | null,
  reasoningTokens: number | null,
  cacheCreationInputTokens: number | null,
];

/** Tuples, because field names would be half of a stored context. */
export function packDetails({ truncationStrategy: strategy, usage }: Details): string {
  const packedStrategy: PackedStrategy | null = strategy && [
    strategy.type,
    strategy.lastHistoryTokens,
    strategy.rollingTokens,
    strategy.maxWindowTokens,
    strategy.rollingWindowTokens,
  ];
  const packedUsage: PackedUsage | null = usage && [
    usage.promptTokens,
    usage.completionTokens,
    usage.totalTokens,
    usage.promptTokensDetails?.cachedTokens ?? null,
    usage.completionTokensDetails?.reasoningTokens ?? null,
    usage.cacheCreationInputTokens,
  ];
  return JSON.stringify([packedStrategy, packedUsage]);
}

export function unpackDetails(packed: string): Details {
  const [strategy, usage] = JSON.parse(packed) as [PackedStrategy | null, PackedUsage | null];
  return { truncationStrategy: strategy && toStrategy(strategy), usage: usage && toUsage(usage) };
}

function toStrategy(packed: PackedStrategy): GatewayTruncationStrategy {
  const [type, lastHistoryTokens, rollingTokens, maxWindowTokens = null, rollingWindowTokens = null] = packed;
  return { type, lastHistoryTokens, rollingTokens, maxWindowTokens, rollingWindowTokens };
}

function toUsage(packed: PackedUsage): GatewayUsage {
  const [
    promptTokens,
    completionTokens,
    totalTokens,
    cachedTokens,
    reasoningTokens,
    cacheCreationInputTokens,
  ] = packed;
  return {
    promptTokens,
    completionTokens,
    totalTokens,
    promptTokensDetails: cachedTokens === null ? null : { cachedTokens },
    completionTokensDetails: reasoningTokens === null ? null : { reasoningTokens },
    cacheCreationInputTokens,
  };
}
