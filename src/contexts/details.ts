import type { ApiName } from '../gateway/apis.js';
import type { GatewayTruncationStrategy, GatewayUsage } from '../gateway/types.js';
import { type PackedPrices, type Prices, packPrices, unpackPrices } from '../pricing/prices.js';

export interface Details {
  truncationStrategy: GatewayTruncationStrategy | null;
  usage: GatewayUsage | null;
  /** Of the creation; null if the model had none. */
  prices: Prices | null;
  /** When the gateway began to keep it, if it was created again; milliseconds since the epoch. */
  recreatedAt?: number | null;
  /** The API that it was created with; null: the one that its model's name suggests. */
  api?: ApiName | null;
  /** Of a creation without usage: its prompt tokens. */
  estimatedTokens?: number | null;
}

/** The prompt tokens of the creation; null if they were neither reported nor estimated. */
export function createdTokens(packed: string): number | null {
  const { usage, estimatedTokens = null } = unpackDetails(packed);
  return usage?.promptTokens ?? estimatedTokens;
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

type Packed = [
  strategy: PackedStrategy | null,
  usage: PackedUsage | null,
  prices?: PackedPrices | null,
  recreatedAt?: number | null,
  api?: ApiName | null,
  estimatedTokens?: number,
];

/** Tuples, because field names would be half of a stored context. */
export function packDetails({
  truncationStrategy: strategy,
  usage,
  prices,
  recreatedAt,
  api,
  estimatedTokens,
}: Details): string {
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
  const packed: Packed = [packedStrategy, packedUsage, prices && packPrices(prices)];
  packed.push(recreatedAt ?? null, api ?? null);
  if (estimatedTokens != null) packed.push(estimatedTokens);
  while (packed.at(-1) === null && packed.length > 2) packed.pop();
  return JSON.stringify(packed);
}

export function unpackDetails(packed: string): Details {
  const [strategy, usage, prices, recreatedAt = null, api = null, estimatedTokens = null] = JSON.parse(
    packed,
  ) as Packed;
  return {
    truncationStrategy: strategy && toStrategy(strategy),
    usage: usage && toUsage(usage),
    prices: prices ? unpackPrices(prices) : null,
    recreatedAt,
    api,
    estimatedTokens,
  };
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
