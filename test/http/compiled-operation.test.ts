import { jest } from '@jest/globals';
import fc from 'fast-check';
import {
  type ExecutionResult,
  execute,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getOperationAST,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  parse,
  validate,
} from 'graphql';
import { Compiler } from '../../src/http/compiled-operation.js';
import type { Variables } from '../../src/http/variables.js';
import type { RequestContext } from '../../src/request-context.js';
import { createSchema } from '../../src/schema.js';

const schema = createSchema();
const CONTEXT = {} as RequestContext;

const SCALARS: Record<string, fc.Arbitrary<unknown>> = {
  String: fc.string(),
  ID: fc.string(),
  Int: fc.nat({ max: 1_000 }),
  Float: fc.double({ min: 0, max: 1, noNaN: true }),
  Boolean: fc.boolean(),
  SafeInt: fc.nat(),
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
  if (isEnumType(type)) return fc.constantFrom(...type.getValues().map(({ value }) => value));
  if (isUnionType(type)) {
    // What tells the events apart is what they have.
    const [delta, done, failure] = type.getTypes().map((one) => fieldsOf(one));
    return fc.oneof(delta as never, done as never, failure as never);
  }
  if (isObjectType(type)) return fieldsOf(type);
  return SCALARS[(type as GraphQLNamedType).name] ?? fc.constant(null);
}

function fieldsOf(type: Extract<GraphQLOutputType, { getFields: unknown }>): fc.Arbitrary<object> {
  const fields = Object.values(type.getFields());
  return fc.record(Object.fromEntries(fields.map((field) => [field.name, anyOf(field.type)])));
}

const DIRECTIVE = fc.constantFrom(
  '',
  '',
  '',
  ' @include(if: $yes)',
  ' @skip(if: $yes)',
  ' @include(if: $no)',
);

/** A selection of a type, with aliases, directives and fragments. */
function selectionOf(type: GraphQLOutputType): fc.Arbitrary<string> {
  if (isNonNullType(type) || isListType(type)) return selectionOf(type.ofType);
  if (isUnionType(type)) {
    return fc
      .tuple(...type.getTypes().map((one) => selectionOf(one).map((text) => `... on ${one.name} ${text}`)))
      .map((parts) => `{ __typename ${parts.join(' ')} }`);
  }
  if (!isObjectType(type)) return fc.constant('');
  const fields = Object.values(type.getFields()).map((field, index) =>
    fc.tuple(selectionOf(field.type), DIRECTIVE, fc.boolean()).map(([below, directive, hasAlias]) => {
      const alias = hasAlias ? `a${index}: ` : '';
      return `${alias}${field.name}${directive} ${below}`;
    }),
  );
  return fc
    .tuple(fc.array(fc.oneof(...fields), { minLength: 1, maxLength: 6 }), DIRECTIVE)
    .map(([some, directive]) => {
      const [first, ...rest] = some;
      const fragment = rest.length > 0 ? `...${directive} { ${rest.join(' ')} }` : '';
      return `{ __typename ${first} ${fragment} }`;
    });
}

const VARIABLES = '($yes: Boolean! = true, $no: Boolean! = false, $input: CreateContextInput)';

/** Its resolver replaced, so that only what becomes of its value is looked at. */
function answering(original: GraphQLSchema, value: unknown): [GraphQLSchema, () => void] {
  const field = original.getQueryType()?.getFields().contexts;
  if (!field) throw new Error('there is no such field');
  const { resolve } = field;
  field.resolve = () => (value instanceof Error ? Promise.reject(value) : Promise.resolve(value));
  return [original, () => Object.assign(field, { resolve })];
}

function comparable({ data, errors }: ExecutionResult) {
  const told = (errors ?? []).map(({ path, locations, originalError }) => ({
    path,
    // What several places ask for is told at the first of them, or at each.
    line: locations?.[0],
    isThrown: originalError !== undefined,
  }));
  return JSON.parse(JSON.stringify({ data, told }));
}

/** One that compiles at once, and one that does not get to it in a single run. */
async function compilers(of: GraphQLSchema): Promise<Compiler[]> {
  const atOnce = new Compiler(of, 1);
  await atOnce.load();
  return [atOnce, new Compiler(of)];
}

describe('an operation', () => {
  it('is not compiled for one run, and answers the same before and after', async () => {
    const compiler = new Compiler(schema);
    const load = jest.spyOn(compiler, 'load');
    const document = parse('query ($kind: String!) { __type(name: $kind) { name kind } }');
    const operation = compiler.compile(document, getOperationAST(document) as never);
    const run = () =>
      operation.run(undefined, CONTEXT, operation.read({ kind: 'ContextCache' }) as Variables);
    const answer = await run();
    expect(answer.data).toEqual({ __type: { name: 'ContextCache', kind: 'OBJECT' } });
    expect(load).not.toHaveBeenCalled();
    expect(await run()).toEqual(answer);
    expect(load).toHaveBeenCalledTimes(1);
    await load.mock.results[0]?.value;
    for (const _ of [1, 2]) expect(await run()).toEqual(answer);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('goes on as it is where the compiler cannot be loaded, and tries again', async () => {
    const compiler = new Compiler(schema, 1);
    const load = jest.spyOn(compiler, 'load').mockRejectedValueOnce(new Error('too many open files'));
    const document = parse('{ __typename }');
    const operation = compiler.compile(document, getOperationAST(document) as never);
    for (const _ of [1, 2]) {
      expect((await operation.run(undefined, CONTEXT, {})).data).toEqual({ __typename: 'Query' });
    }
    expect(load).toHaveBeenCalledTimes(2);
  });
});

describe('a compiled operation', () => {
  const type = schema.getQueryType()?.getFields().contexts?.type as GraphQLOutputType;

  it('answers as graphql-js does, whatever is selected and whatever the value', async () => {
    const failure = fc.constant(new Error('it failed'));
    await fc.assert(
      fc.asyncProperty(
        selectionOf(type),
        fc.oneof({ weight: 9, arbitrary: anyOf(type) }, failure),
        async (selection, value) => {
          const text = `query ${VARIABLES} { contexts ${selection} }`;
          const document = parse(text);
          fc.pre(validate(schema, document).every(({ message }) => /never used/.test(message)));
          const [answered, restore] = answering(schema, value);
          try {
            const wanted = await execute({ schema: answered, document, contextValue: CONTEXT });
            for (const compiler of await compilers(answered)) {
              const operation = compiler.compile(document, getOperationAST(document) as never);
              const got = await operation.run(undefined, CONTEXT, operation.read({}) as Variables);
              expect(comparable(got).data).toEqual(comparable(wanted).data);
              expect(new Set(comparable(got).told.map(JSON.stringify))).toEqual(
                new Set(comparable(wanted).told.map(JSON.stringify)),
              );
            }
          } finally {
            restore();
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('makes results of events as graphql-js does', async () => {
    const eventType = schema.getSubscriptionType()?.getFields().chatStream?.type as GraphQLOutputType;
    await fc.assert(
      fc.asyncProperty(
        selectionOf(eventType),
        present(isNonNullType(eventType) ? eventType.ofType : eventType),
        async (selection, event) => {
          const input = '{ contextId: "c", messages: [] }';
          const document = parse(`subscription ${VARIABLES} { chatStream(input: ${input}) ${selection} }`);
          fc.pre(validate(schema, document).every(({ message }) => /never used/.test(message)));
          const field = schema.getSubscriptionType()?.getFields().chatStream;
          if (!field) throw new Error('there is no such field');
          const { resolve } = field;
          field.resolve = (root) => root;
          try {
            const wanted = await execute({ schema, document, rootValue: event, contextValue: CONTEXT });
            for (const compiler of await compilers(schema)) {
              const operation = compiler.compile(document, getOperationAST(document) as never);
              const got = await operation.run(event, CONTEXT, operation.read({}) as Variables);
              expect(comparable(got).data).toEqual(comparable(wanted).data);
              expect(got.errors?.length ?? 0).toBe(wanted.errors?.length ?? 0);
            }
          } finally {
            Object.assign(field, { resolve });
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
