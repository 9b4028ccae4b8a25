import type { GatewayTruncationStrategy, GatewayUsage } from '../gateway/types.js';
import type { Prices } from '../pricing/prices.js';

export interface Details {
  truncationStrategy: GatewayTruncationStrategy | null;
  usage: GatewayUsage | null;
  /** Of the creation; null if the model had none. */
  prices: Prices | null;
}

type PackedStrategy = [
  type: GatewayTruncationStrategy['type'],
  lastHistoryTokens: number | null,
  rollingTokens: boolean | null,
  maxWindowTokens?: number | null,
  rollingWindowTokens?: number | null,
];
type PackedPrices = [
  currency: string,
  input: string,
  cachedInput: string,
  cacheWrite: string,
  output: string,
  storagePerHour: string,
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
export function packDetails({ truncationStrategy: strategy, usage, prices }: Details): string {
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
  return JSON.stringify([packedStrategy, packedUsage, ...(prices ? [packPrices(prices)] : [])]);
}

export function unpackDetails(packed: string): Details {
  type Packed = [PackedStrategy | null, PackedUsage | null, PackedPrices?];
  const [strategy, usage, prices] = JSON.parse(packed) as Packed;
  return {
    truncationStrategy: strategy && toStrategy(strategy),
    usage: usage && toUsage(usage),
    prices: prices ? toPrices(prices) : null,
  };
}

function packPrices(prices: Prices): PackedPrices {
  const { currency, input, cachedInput, cacheWrite, output, storagePerHour } = prices;
  return [currency, input, cachedInput, cacheWrite, output, storagePerHour];
}

function toPrices(packed: PackedPrices): Prices {
  const [currency, input, cachedInput, cacheWrite, output, storagePerHour] = packed;
  return { currency, input, cachedInput, cacheWrite, output, storagePerHour };
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
