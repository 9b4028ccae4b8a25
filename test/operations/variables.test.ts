import fc from 'fast-check';
import { getOperationAST, getVariableValues, type OperationDefinitionNode, parse } from 'graphql';
import { AppError } from '../../src/errors.js';
import { VariablesReader } from '../../src/operations/variables.js';
import { createSchema } from '../../src/schema/build.js';

const schema = createSchema();

function definitionOf(variables: string): OperationDefinitionNode {
  return getOperationAST(parse(`query ${variables} { __typename }`)) as OperationDefinitionNode;
}

const leaf = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.constantFrom('SESSION', 'USER', 'ROLLING_TOKENS', 'm', '2026-01-01T12:00:00Z'),
  fc.constantFrom(0, 1, 0.5, -1, 3_600, 2 ** 31, 1e300),
  fc.boolean(),
  fc.constantFrom(null, undefined),
);
const of = (fields: Record<string, fc.Arbitrary<unknown>>) => fc.record(fields, { requiredKeys: [] });
const orAny = (value: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { weight: 30, arbitrary: value },
    { weight: 1, arbitrary: leaf },
    { weight: 1, arbitrary: fc.jsonValue() },
  );
const message = of({
  role: fc.constantFrom('USER', 'SYSTEM', 'ASSISTANT', null, 'user'),
  content: orAny(fc.string()),
});
const messages = orAny(fc.oneof(message, fc.array(orAny(message), { maxLength: 3 })));
const strategy = of({
  type: fc.constant('ROLLING_TOKENS'),
  rollingTokens: fc.boolean(),
  lastHistoryTokens: orAny(fc.nat()),
  maxWindowTokens: orAny(fc.nat()),
});
const create = fc.record(
  {
    model: orAny(fc.string()),
    messages,
    mode: orAny(fc.constantFrom('SESSION', null)),
    ttl: orAny(fc.nat()),
    truncationStrategy: orAny(strategy),
    reuse: orAny(fc.constantFrom(true, false, null)),
    more: fc.constant(undefined),
  },
  { requiredKeys: ['model', 'messages'] },
);
const chat = of({
  contextId: orAny(fc.oneof(fc.string(), fc.nat())),
  messages,
  temperature: leaf,
  stop: orAny(fc.array(leaf, { maxLength: 3 })),
  logitBias: orAny(fc.array(of({ token: leaf, bias: leaf }), { maxLength: 2 })),
});

function failureOf(read: () => unknown): AppError {
  try {
    throw new Error(`${read()} was read`);
  } catch (error) {
    return error as AppError;
  }
}

describe('variables', () => {
  it.each([
    ['($input: CreateContextInput!)', fc.record({ input: orAny(create) }, { requiredKeys: [] })],
    ['($input: ChatInput)', of({ input: orAny(chat) })],
    [
      '($id: ID!, $first: Int! = 5, $since: DateTimeISO, $all: [[Int!]]! = [[1]])',
      of({ id: orAny(fc.string()), first: orAny(fc.nat()), since: leaf, all: orAny(fc.array(leaf)) }),
    ],
  ])('%s are read as graphql-js reads them, whatever they are', (text, sent) => {
    const definition = definitionOf(text);
    const reader = new VariablesReader(schema, definition);
    let fitting = 0;
    fc.assert(
      fc.property(sent as fc.Arbitrary<Record<string, unknown>>, (variables) => {
        // As they come: out of JSON.
        const plain = JSON.parse(JSON.stringify(variables));
        const { coerced } = getVariableValues(schema, definition.variableDefinitions ?? [], plain);
        if (coerced === undefined) return expect(() => reader.read(plain)).toThrow(AppError);
        fitting++;
        expect({ ...reader.read(plain) }).toEqual({ ...coerced });
      }),
      { numRuns: 200 },
    );
    expect(fitting).toBeGreaterThan(10);
  });

  it('get the defaults of required input fields', () => {
    const reader = new VariablesReader(schema, definitionOf('($input: CreateContextInput!)'));
    const input = { model: 'm', messages: [{ content: 'hello' }] };
    expect(reader.read({ input })).toEqual({ input: { ...input, reuse: false } });
  });

  it('that do not fit are named by path, 20 at most, and never repeated', () => {
    const reader = new VariablesReader(schema, definitionOf('($input: CreateContextInput!)'));
    const messages = Array(50).fill({ content: 1, canary: 'canary' });
    const input = { model: 'm', messages, ttl: 'canary' };
    const failure = failureOf(() => reader.read({ input }));
    expect(failure.code).toBe('BAD_USER_INPUT');
    expect(failure.details.fields).toHaveLength(20);
    expect(failure.details.fields?.[0]).toEqual({
      path: ['input', 'messages', 0, 'content'],
      message: 'must be of type String',
    });
    expect(failure.message).not.toContain('canary');
  });
});
