import { APIS, type ApiName, isApiName } from '../gateway/apis.js';
import { type Kinds, YamlSource } from '../input/yaml-source.js';
import type { ListedModel, Prices, PriceTier } from './prices.js';

const FILE: Kinds = { currency: 'string', models: 'map' };
const PRICES: Kinds = {
  input: 'decimal',
  cachedInput: 'decimal',
  cacheWrite: 'decimal',
  output: 'decimal',
  storagePerHour: 'decimal',
};
const MODEL: Kinds = { ...PRICES, tiers: 'list', api: 'string' };
const TIER: Kinds = { ...PRICES, upTo: 'integer' };

type Path = (string | number)[];

/** Reads the text of a file of models; returns them, or all problems, each with file and line. */
export function readModelFile(file: string, text: string): ListedModel[] | { problems: string[] } {
  const source = new YamlSource(file, text, 1);
  const models = source.problems.length === 0 ? readModels(source) : [];
  return source.problems.length > 0 ? { problems: source.problems } : models;
}

function readModels(source: YamlSource): ListedModel[] {
  if (!source.isMap([])) {
    source.report([], 'must hold `currency` and `models`');
    return [];
  }
  source.checkKeys([], FILE);
  const currency = source.text(['currency']);
  if (!/^[A-Z]{3}$/.test(currency)) source.report(['currency'], 'must be a code of ISO 4217, such as CNY');
  if (!source.isMap(['models'])) {
    source.report(['models'], 'must name at least one model');
    return [];
  }
  return source.keys(['models']).map((pattern) => {
    const tiers = readModel(source, pattern, currency);
    return { pattern, api: readApi(source, pattern), tiers };
  });
}

function readModel(source: YamlSource, pattern: string, currency: string): PriceTier[] {
  const path = ['models', pattern];
  if (!source.isMap(path)) {
    source.report(path, 'must be a map of prices');
    return [];
  }
  source.checkKeys(path, MODEL);
  if (['tiers', ...Object.keys(PRICES)].every((key) => !source.has([...path, key]))) return [];
  if (!source.has([...path, 'tiers'])) return [{ upTo: null, prices: readPrices(source, path, currency) }];
  for (const price of Object.keys(PRICES).filter((key) => source.has([...path, key])))
    source.report([...path, price], 'must be in each of the `tiers`, not beside them');
  const tiers = source.length([...path, 'tiers']);
  if (tiers === 0) source.report([...path, 'tiers'], 'must hold at least one tier');
  return Array.from({ length: tiers }, (_, index) =>
    readTier(source, [...path, 'tiers', index], currency),
  ).map((tier, index, all) => checkOrder(source, [...path, 'tiers', index], tier, all[index - 1]));
}

function readApi(source: YamlSource, pattern: string): ApiName | null {
  const path = ['models', pattern, 'api'];
  if (!source.isMap(['models', pattern]) || !source.has(path)) return null;
  const name = source.text(path);
  if (isApiName(name)) return name;
  source.report(path, `must be one of ${Object.keys(APIS).join(', ')}`);
  return null;
}

function readTier(source: YamlSource, path: Path, currency: string): PriceTier {
  if (!source.isMap(path)) {
    source.report(path, 'must be a map of prices');
    return { upTo: null, prices: readPrices(source, path, currency) };
  }
  source.checkKeys(path, TIER);
  const upTo = source.has([...path, 'upTo']) ? Number(source.text([...path, 'upTo'])) : null;
  return { upTo, prices: readPrices(source, path, currency) };
}

function checkOrder(
  source: YamlSource,
  path: Path,
  tier: PriceTier,
  before: PriceTier | undefined,
): PriceTier {
  if (before && (before.upTo === null || (tier.upTo !== null && tier.upTo <= before.upTo)))
    source.report(path, 'must follow a tier with a smaller `upTo`; only the last may leave it out');
  return tier;
}

/** Defaults: cached and written tokens cost the same as `input`, storage nothing. */
function readPrices(source: YamlSource, path: Path, currency: string): Prices {
  const read = (name: string) => (source.has([...path, name]) ? source.text([...path, name]) : undefined);
  for (const name of ['input', 'output'])
    if (read(name) === undefined) source.report(path, `must have a price \`${name}\``);
  const input = read('input') ?? '0';
  return {
    currency,
    input,
    cachedInput: read('cachedInput') ?? input,
    cacheWrite: read('cacheWrite') ?? input,
    output: read('output') ?? '0',
    storagePerHour: read('storagePerHour') ?? '0',
  };
}
