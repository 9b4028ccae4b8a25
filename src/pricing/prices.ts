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

/** null if the model, or a prompt of this size, has no price. */
export function pricesOf(models: readonly ListedModel[], id: string, promptTokens: number): Prices | null {
  const tiers = findModel(models, id, (model) => model.tiers.length > 0)?.tiers ?? [];
  return tiers.find(({ upTo }) => upTo === null || promptTokens <= upTo)?.prices ?? null;
}

/** null if the list does not say which API serves the model. */
export function apiOf(models: readonly ListedModel[], id: string): ApiName | null {
  return findModel(models, id, ({ api }) => api !== null)?.api ?? null;
}

/** Of the entries that say it: the model's own, else the first pattern that matches. */
function findModel(
  models: readonly ListedModel[],
  id: string,
  saysIt: (model: ListedModel) => boolean,
): ListedModel | undefined {
  const own = models.find((model) => model.pattern === id && saysIt(model));
  return own ?? models.find((model) => saysIt(model) && matches(model.pattern, id));
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
