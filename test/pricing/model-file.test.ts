import { readFileSync } from 'node:fs';
import { readModelFile } from '../../src/pricing/model-file.js';
import { apiOf, type ListedModel, pricesOf } from '../../src/pricing/prices.js';

const FILE = '/etc/models.yaml';

function read(text: string): ListedModel[] {
  const models = readModelFile(FILE, text);
  if (!Array.isArray(models)) throw new Error(models.problems.join('\n'));
  return models;
}

function problemsOf(text: string): string[] {
  const models = readModelFile(FILE, text);
  return Array.isArray(models) ? [] : models.problems;
}

function find(text: string, model: string, promptTokens = 1) {
  return pricesOf(read(text), model, promptTokens);
}

describe('a file of models', () => {
  it('gives prices as they are written, and the fallbacks of what is left out', () => {
    const text = 'currency: CNY\nmodels:\n  m: { input: 0.80, output: 2.00 }\n';
    expect(find(text, 'm')).toEqual({
      currency: 'CNY',
      input: '0.80',
      cachedInput: '0.80',
      cacheWrite: '0.80',
      output: '2.00',
      storagePerHour: '0',
    });
    expect(find(text, 'other')).toBeNull();
  });

  it('says which API serves a model, with or without prices', () => {
    const text =
      'currency: CNY\nmodels:\n  seed: { api: responses }\n  m: { api: context, input: 1, output: 2 }\n  n: { input: 1, output: 2 }\n';
    expect(read(text).map(({ pattern, api, tiers }) => [pattern, api, tiers.length])).toEqual([
      ['seed', 'responses', 0],
      ['m', 'context', 1],
      ['n', null, 1],
    ]);
    expect(find(text, 'seed')).toBeNull();
    expect(problemsOf('currency: CNY\nmodels:\n  m:\n    api: chat\n')).toEqual([
      `${FILE}:4 \`models.m.api\` must be one of context, gemini-context, responses`,
    ]);
  });

  it('prefers a model’s own entry to a pattern, and the first pattern to later ones', () => {
    const prices = (input: number) => `{ input: ${input}, output: 1 }`;
    const text = `currency: USD\nmodels:\n  "gemini-*": ${prices(1)}\n  "*": ${prices(2)}\n  gemini-pro: ${prices(3)}\n  "a.b": ${prices(4)}\n`;
    const inputOf = (model: string) => find(text, model)?.input;
    expect([
      inputOf('gemini-pro'),
      inputOf('gemini-x'),
      inputOf('my-gemini-x'),
      inputOf('a.b'),
      inputOf('axb'),
    ]).toEqual(['3', '1', '2', '4', '2']);
  });

  it('looks up prices and the API apart, so that an entry with one of them hides no other', () => {
    const text =
      'currency: CNY\nmodels:\n  "seed-*": { api: responses }\n  "seed-1-*": { input: 1, output: 2 }\n  seed-1-a: { input: 3, output: 4 }\n';
    const listed = (model: string) => [find(text, model)?.input, apiOf(read(text), model)];
    expect(['seed-1-a', 'seed-1-b', 'seed-2', 'other'].map(listed)).toEqual([
      ['3', 'responses'],
      ['1', 'responses'],
      [undefined, 'responses'],
      [undefined, null],
    ]);
  });

  it('has tiers by the size of the prompt, and no price beyond the last', () => {
    const tier = (upTo: string, input: number) => `{ ${upTo}input: ${input}, output: 1 }`;
    const tiers = (last: string) =>
      `currency: CNY\nmodels:\n  m:\n    tiers: [${tier('upTo: 32000, ', 1)}, ${tier(last, 2)}]\n`;
    const inputs = (text: string) =>
      [1, 32_000, 32_001, 64_000, 64_001].map((size) => find(text, 'm', size)?.input);
    expect(inputs(tiers('upTo: 64000, '))).toEqual(['1', '1', '2', '2', undefined]);
    expect(inputs(tiers(''))).toEqual(['1', '1', '2', '2', '2']);
  });

  it.each([
    ['', '1 must hold'],
    ['models: { m: { input: 1, output: 1 } }', '1 `currency` must be'],
    ['currency: yuan\nmodels: { m: { input: 1, output: 1 } }', '1 `currency` must be'],
    ['currency: CNY\n', '1 `models` must name'],
    ['currency: CNY\nprices: {}\nmodels: { m: { input: 1, output: 1 } }', '2 has an unknown key'],
    ['currency: CNY\nmodels:\n  m: 3', '3 `models.m` must be a map'],
    ['currency: CNY\nmodels:\n  m: { input: 1 }', '3 `models.m` must have a price `output`'],
    ['currency: CNY\nmodels:\n  m:\n    input: -1\n    output: 1', '4 `models.m.input` must be a decimal'],
    ['currency: CNY\nmodels:\n  m:\n    input: 1e-3\n    output: 1', '4 `models.m.input` must be a decimal'],
    ['currency: CNY\nmodels:\n  m:\n    input: 0x1F\n    output: 1', '4 `models.m.input` must be a decimal'],
    ['currency: CNY\nmodels:\n  m:\n    input: 1\n    output: 1\n    ouput: 1', '6 has an unknown key'],
    ['currency: CNY\nmodels:\n  m: { tiers: [] }', '3 `models.m.tiers` must hold at least one'],
    [
      'currency: CNY\nmodels:\n  m:\n    storagePerHour: 0.017\n    tiers:\n    - { input: 1, output: 1 }',
      '4 `models.m.storagePerHour` must be in each of the `tiers`',
    ],
    ['currency: CNY\nmodels:\n  m: { tiers: [1] }', '3 `models.m.tiers.0` must be a map'],
    [
      'currency: CNY\nmodels:\n  m:\n    tiers:\n    - { input: 1, output: 1 }\n    - { upTo: 5, input: 1, output: 1 }',
      '6 `models.m.tiers.1` must follow',
    ],
    ['currency: [CNY', '1 is not valid YAML'],
    [
      'currency: CNY\nmodels:\n  m: { api: context }\n  4: { input: 1, output: 1 }',
      '4 has a key that is no text',
    ],
    ['currency: CNY\nmodels:\n  1.50: { api: context }', '3 has a key that is no text'],
  ])('says what is wrong with %j, by line', (text, problem) => {
    expect(problemsOf(text).join('\n')).toContain(`${FILE}:${problem}`);
  });

  it('comes as an example', () => {
    const text = readFileSync('examples/models.yaml', 'utf8');
    expect(find(text, 'Doubao-1.5-pro-32k')).toMatchObject({ currency: 'CNY', cachedInput: '0.16' });
    expect(find(text, 'doubao-seed-1-6-251015', 100_000)).toMatchObject({ input: '1.20' });
  });
});
