import type { ApiName } from '../gateway/apis.js';

/**
 * What a model costs, as exact decimals: per million tokens, storage per million tokens and hour. Plain texts, so that they can be
 * stored with what they were paid for.
 */
export interface Prices {
  currency: string;
  input: string;
  cachedInput: string;
  cacheWrite: string;
  output: string;
  storagePerHour: string;
}

export type PackedPrices = [
  currency: string,
  input: string,
  cachedInput: string,
  cacheWrite: string,
  output: string,
  storagePerHour: string,
];

/** Prices for prompts of up to so many tokens; null: of any size. */
export interface PriceTier {
  upTo: number | null;
  prices: Prices;
}

export interface ListedModel {
  /** The id of a model, or a pattern such as `gemini-*`. */
  pattern: string;
  /** null: the one that the model's name suggests. */
  api: ApiName | null;
  /** By size, ascending; empty if it has no prices. */
  tiers: readonly PriceTier[];
}

/** A model's own entry, else the first pattern that matches. */
export function findModel(models: readonly ListedModel[], id: string): ListedModel | undefined {
  return models.find(({ pattern }) => pattern === id) ?? models.find(({ pattern }) => matches(pattern, id));
}

/** null if a prompt of this size has no price. */
export function pricesFor({ tiers }: ListedModel, promptTokens: number): Prices | null {
  return tiers.find(({ upTo }) => upTo === null || promptTokens <= upTo)?.prices ?? null;
}

function matches(pattern: string, id: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(id);
}

export function packPrices(prices: Prices): PackedPrices {
  const { currency, input, cachedInput, cacheWrite, output, storagePerHour } = prices;
  return [currency, input, cachedInput, cacheWrite, output, storagePerHour];
}

export function unpackPrices(packed: PackedPrices): Prices {
  const [currency, input, cachedInput, cacheWrite, output, storagePerHour] = packed;
  return { currency, input, cachedInput, cacheWrite, output, storagePerHour };
}
