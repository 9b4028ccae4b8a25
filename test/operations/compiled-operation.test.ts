import fc from 'fast-check';
import {
  type ExecutionResult,
  execute,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNullableType,
  getOperationAST,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  parse,
  validate,
} from 'graphql';
import { Compiler } from '../../src/operations/compiled.js';
import type { Variables } from '../../src/operations/variables.js';
import { readExampleOperations } from '../../src/pages/example-operations.js';
import type { RequestContext } from '../../src/request-context.js';
import { createSchema } from '../../src/schema/build.js';

const schema = createSchema();
const CONTEXT = {} as RequestContext;
const contexts = schema.getQueryType()?.getFields().contexts;
if (!contexts) throw new Error('there is no such field');
const { resolve } = contexts;
let value: unknown;

beforeEach(() => {
  value = null;
  contexts.resolve = () => (value instanceof Error ? Promise.reject(value) : Promise.resolve(value));
});
afterAll(() => Object.assign(contexts, { resolve }));

function compile(compiler: Compiler, text: string) {
  const document = parse(text);
  const definition = getOperationAST(document);
  if (!definition) throw new Error('this is no operation');
  const operation = compiler.compile(document, definition);
  return (sent: Variables = {}) => operation.run(undefined, CONTEXT, operation.variables.read(sent));
}

describe('an operation', () => {
  const TEXT = 'query ($first: Int!) { contexts(first: $first) { __typename } }';

  it('is not compiled for one run, and answers the same before and after', async () => {
    const compiler = new Compiler(schema);
    const load = jest.spyOn(compiler, 'load');
    const run = compile(compiler, TEXT);
    value = {};
    const answer = await run({ first: 1 });
    expect(answer.data).toEqual({ contexts: { __typename: 'ContextCacheConnection' } });
    expect(load).not.toHaveBeenCalled();
    expect(await run({ first: 1 })).toEqual(answer);
    expect(load).toHaveBeenCalledTimes(1);
    await load.mock.results[0]?.value;
    for (const _ of [1, 2]) expect(await run({ first: 1 })).toEqual(answer);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('goes on as it is where the compiler cannot be loaded, and tries again', async () => {
    const compiler = new Compiler(schema, 1);
    const load = jest.spyOn(compiler, 'load').mockRejectedValueOnce(new Error('too many open files'));
    const run = compile(compiler, TEXT);
    value = {};
    for (const _ of [1, 2]) {
      expect((await run({ first: 1 })).data).toEqual({ contexts: { __typename: 'ContextCacheConnection' } });
    }
    expect(load).toHaveBeenCalledTimes(2);
  });
});

describe('which operations are compiled', () => {
  const isCompiled = async (text: string, sent: Variables = {}) => {
    expect(validate(schema, parse(text)).filter(({ message }) => !/never used/.test(message))).toEqual([]);
    const compiler = new Compiler(schema, 1);
    const load = jest.spyOn(compiler, 'load');
    // Most resolvers fail without a request's context; all that counts is who runs them.
    await compile(compiler, text)(sent);
    return load.mock.calls.length > 0;
  };

  it.each(readExampleOperations())('the example $name is', async ({ query, variables }) => {
    expect(await isCompiled(query, JSON.parse(variables))).toBe(true);
  });

  it.each([
    ['constants', '{ contexts(first: 3, after: "x") { pageInfo { hasNextPage } } }', true],
    ['an alias', '{ mine: contexts { edges { key: cursor } } }', true],
    ['a directive', '{ contexts { pageInfo @skip(if: false) { hasNextPage } } }', false],
    ['an inline fragment', '{ contexts { ... { __typename } } }', false],
    ['a named fragment', '{ contexts { ...F } } fragment F on ContextCacheConnection { __typename }', false],
    ['a fragment at the root', '{ ... { contexts { __typename } } }', false],
    ['two root fields', '{ a: contexts { __typename } b: contexts { __typename } }', false],
    ['a field twice', '{ contexts { pageInfo { hasNextPage } pageInfo { endCursor } } }', false],
    ['introspection', '{ __schema { queryType { name } } }', false],
    ['a default', 'query ($n: Int! = 3) { contexts(first: $n) { __typename } }', false],
    ['a variable of another type', 'query ($n: Int = 3) { contexts(first: $n) { __typename } }', false],
    ['the name __proto__', '{ __proto__: contexts { __typename } }', false],
  ])('one with %s: %#', async (_, text, wanted) => {
    expect(await isCompiled(text)).toBe(wanted);
  });

  it('one with a variable within a literal is not', async () => {
    const text = 'mutation ($m: String!) { createContext(input: { model: $m, messages: [] }) { id } }';
    expect(await isCompiled(text, { m: 'm' })).toBe(false);
  });

  const DELTA = '... on ChatDelta { content }';
  it.each([
    [`__typename ${DELTA} ... on ChatDone { __typename usage { promptTokens } }`, true],
    [`${DELTA} ${DELTA}`, false],
    ['... on ChatDelta @include(if: true) { content }', false],
    ['... on ChatStreamEvent { __typename }', false],
    ['... { __typename }', false],
    ['... on ChatDelta { content content }', false],
  ])('one that streams { %s }: %p', async (selection, wanted) => {
    const text = `subscription ($input: ChatInput!) { chatStream(input: $input) { ${selection} } }`;
    expect(await isCompiled(text, { input: { contextId: 'c', messages: [] } })).toBe(wanted);
  });
});

const SCALARS: Record<string, fc.Arbitrary<unknown>> = {
  String: fc.string(),
  ID: fc.string(),
  Int: fc.nat({ max: 1_000 }),
  Float: fc.double({ min: 0, max: 1, noNaN: true }),
  Boolean: fc.boolean(),
  SafeInt: fc.nat(),
  Decimal: fc.constantFrom('0', '-0.5', '12.000000000001'),
  DateTimeISO: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
};

/** Values of a type, now and then null where it must not be. */
function anyOf(type: GraphQLOutputType): fc.Arbitrary<unknown> {
  if (isNonNullType(type))
    return fc.oneof(
      { weight: 40, arbitrary: present(type.ofType) },
      { weight: 1, arbitrary: fc.constant(null) },
    );
  return fc.oneof({ weight: 4, arbitrary: present(type) }, { weight: 1, arbitrary: fc.constant(null) });
}

function present(type: GraphQLOutputType): fc.Arbitrary<unknown> {
  if (isListType(type)) return fc.array(anyOf(type.ofType), { maxLength: 3 });
  if (isEnumType(type)) return fc.constantFrom(...type.getValues().map((one) => one.value));
  if (isUnionType(type)) {
    // What tells the events apart is what they have, so each has all of its fields.
    return fc.oneof(...type.getTypes().map((one) => present(one)));
  }
  if (!isObjectType(type)) return SCALARS[(type as GraphQLNamedType).name] ?? fc.constant(null);
  return fc.record(Object.fromEntries(fieldsOf(type).map((field) => [field.name, anyOf(field.type)])));
}

function fieldsOf(type: GraphQLObjectType) {
  return Object.values(type.getFields());
}

/** Fields of a type, each once, some under another name. */
function selectionOf(type: GraphQLOutputType): fc.Arbitrary<string> {
  if (isNonNullType(type) || isListType(type)) return selectionOf(type.ofType);
  if (isUnionType(type)) {
    return fc
      .tuple(...type.getTypes().map((one) => selectionOf(one).map((text) => `... on ${one.name} ${text}`)))
      .map((parts) => `{ ${parts.join(' ')} __typename }`);
  }
  if (!isObjectType(type)) return fc.constant('');
  const fields = fieldsOf(type).map((field) =>
    fc
      .tuple(selectionOf(field.type), fc.constantFrom('', '', `${field.name}Again: `))
      .map(([below, alias]) => `${alias}${field.name} ${below}`),
  );
  return fc
    .tuple(
      fc.subarray(fields, { minLength: 1 }).chain((some) => fc.tuple(...some)),
      fc.boolean(),
    )
    .map(([some, isNamed]) => `{ ${isNamed ? '__typename' : ''} ${some.join(' ')} }`);
}

function comparable({ data, errors = [] }: ExecutionResult) {
  const told = errors.map(({ path, locations }) => JSON.stringify({ path, line: locations?.[0] }));
  return { data: JSON.stringify(data), told: [...new Set(told)].sort() };
}

/** Where two fields of one object must not be null and are, graphql-js need not look at the second. */
function expectTheSame(result: ExecutionResult, wanted: ExecutionResult): void {
  const got = comparable(result);
  const { data, told } = comparable(wanted);
  expect({ data: got.data, isTold: got.told.length > 0 }).toEqual({ data, isTold: told.length > 0 });
  expect(got.told).toEqual(expect.arrayContaining(told));
}

describe('a compiled operation', () => {
  it('answers as graphql-js does, whatever is selected and whatever the value', async () => {
    const compiler = new Compiler(schema, 1);
    await compiler.load();
    const failure = fc.constant(new Error('it failed'));
    const anything = fc.oneof({ weight: 9, arbitrary: anyOf(contexts.type) }, failure);
    await fc.assert(
      fc.asyncProperty(selectionOf(contexts.type), anything, async (selection, returned) => {
        value = returned;
        const text = `{ contexts ${selection} }`;
        const wanted = await execute({ schema, document: parse(text), contextValue: CONTEXT });
        expectTheSame(await compile(compiler, text)(), wanted);
      }),
      { numRuns: 100 },
    );
  });

  it('makes results of events as graphql-js does', async () => {
    const event = schema.getSubscriptionType()?.getFields().chatStream?.type as GraphQLOutputType;
    const compiler = new Compiler(schema, 1);
    await compiler.load();
    await fc.assert(
      fc.asyncProperty(selectionOf(event), present(getNullableType(event)), async (selection, root) => {
        const text = `subscription { chatStream(input: { contextId: "c", messages: [] }) ${selection} }`;
        const document = parse(text);
        const wanted = await execute({ schema, document, rootValue: root, contextValue: CONTEXT });
        const definition = getOperationAST(document);
        if (!definition) throw new Error('this is no operation');
        const operation = compiler.compile(document, definition);
        expectTheSame(await operation.run(root, CONTEXT, {}), wanted);
      }),
      { numRuns: 100 },
    );
  });
});
