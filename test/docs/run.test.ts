import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { buildSchema, parse, print, printType, validate, visit } from 'graphql';
import { documentPaths, readDocument } from './documents.js';
import { Session } from './session.js';
import { isDefinition, stepsOf } from './steps.js';

const schema = buildSchema(readFileSync('schema/schema.graphql', 'utf8'));

const EXAMPLES = execFileSync('git', ['ls-files', 'examples/*.ts', 'examples/*.tsx'], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .map((path) => flat(readFileSync(path, 'utf8')));

/** A translation has the same code; another test holds that. */
const originals = documentPaths().filter((path) => !path.endsWith('.zh-CN.md'));

describe.each(originals)('%s', (path) => {
  const document = readDocument(path);
  const graphql = document.blocks.filter(({ language }) => language === 'graphql');

  it('can be followed from its first command to its last', async () => {
    await using session = new Session();
    for (const step of stepsOf(document)) await session.follow(step);
  });

  it('shows operations of the schema', () => {
    for (const { text } of graphql.filter(({ text }) => !isDefinition(text))) {
      expect({ text, problems: validate(schema, parse(text)) }).toEqual({ text, problems: [] });
    }
  });

  it('shows types as they are', () => {
    for (const { text } of graphql.filter(({ text }) => isDefinition(text))) {
      expect(inOrder(text)).toBe(inOrder(definitionsOf(namesIn(text))));
    }
  });
});

it.each(originals)('%s quotes code that is in the examples', (path) => {
  const quotes = readDocument(path).blocks.filter(({ language }) => /^tsx?$/.test(language));
  const lost = quotes.filter(({ text }) => !EXAMPLES.some((code) => code.includes(flat(text))));
  expect(lost).toEqual([]);
});

function namesIn(definitions: string): string[] {
  return parse(definitions).definitions.map((one) => ('name' in one ? (one.name?.value ?? '') : ''));
}

/** Without what depends on how deep a line stands. */
function flat(code: string): string {
  return code.replaceAll(/^ +/gm, '').trim();
}

/** As the schema has them. */
function definitionsOf(names: string[]): string {
  const found = names.map((name) => schema.getType(name)).filter((type) => type !== undefined);
  return found.map(printType).join('\n');
}

/** Without descriptions, and with fields and arguments in the order of their names. */
function inOrder(definitions: string): string {
  const bare = parse(definitions.replaceAll(/"""[\s\S]*?"""/g, ''));
  return print(
    visit(bare, {
      ObjectTypeDefinition: (type) => ({ ...type, fields: sorted(type.fields) }),
      InputObjectTypeDefinition: (type) => ({ ...type, fields: sorted(type.fields) }),
      EnumTypeDefinition: (type) => ({ ...type, values: sorted(type.values) }),
      FieldDefinition: (field) => ({ ...field, arguments: sorted(field.arguments) }),
    }),
  );
}

function sorted<T extends { name: { value: string } }>(nodes: readonly T[] = []): T[] {
  return [...nodes].sort((one, other) => (one.name.value < other.name.value ? -1 : 1));
}
