import { createSourceEventStream, GraphQLError, getOperationAST, parse } from 'graphql';
import { sourceOf } from '../../src/http/event-source.js';
import type { RequestContext } from '../../src/request-context.js';
import { createSchema } from '../../src/schema.js';

const CONTEXT = {} as RequestContext;
const SELECTION = '{ ... on ChatDone { id } }';
const INPUT = { contextId: 'c', messages: [{ role: 'USER', content: 'Hi' }], temperature: 0.5 };

const schema = createSchema();
const field = schema.getSubscriptionType()?.getFields().chatStream;
if (!field) throw new Error('there is no such field');
const { subscribe } = field;
let asked: unknown[];
let answer: () => unknown;

beforeEach(() => {
  asked = [];
  answer = async function* events() {
    yield 'an event';
  };
  field.subscribe = (_, args, context) => {
    asked.push(args, context);
    return answer();
  };
});
afterAll(() => Object.assign(field, { subscribe }));

/** What graphql-js and this server make of it, with the variables as they were read. */
async function both(text: string, variableValues: Record<string, unknown> = {}) {
  const document = parse(text);
  const operation = getOperationAST(document, 'S');
  if (!operation) throw new Error('no operation has this name');
  const wanted = createSourceEventStream({
    schema,
    document,
    operationName: 'S',
    variableValues,
    contextValue: CONTEXT,
  });
  const sources = [await wanted, await sourceOf(schema, document, operation)(CONTEXT, variableValues)];
  return Promise.all(
    sources.map(async (source) => {
      if (!(Symbol.asyncIterator in source)) return source.errors?.map((error) => error.toJSON());
      const events: unknown[] = [];
      for await (const event of source) events.push(event);
      return events;
    }),
  );
}

it.each([
  [
    'takes its argument from a variable',
    `($input: ChatInput!) { chatStream(input: $input) ${SELECTION} }`,
    { input: INPUT },
  ],
  [
    'has an alias',
    `($input: ChatInput!) { answer: chatStream(input: $input) ${SELECTION} }`,
    { input: INPUT },
  ],
  [
    'holds variables in a literal',
    `($id: ID!) { chatStream(input: { contextId: $id, messages: [{ content: "Hi" }] }) ${SELECTION} }`,
    { id: 'c' },
  ],
  [
    'has a directive',
    `($input: ChatInput!) { chatStream(input: $input) @include(if: true) ${SELECTION} }`,
    { input: INPUT },
  ],
  [
    'is in a fragment',
    `($input: ChatInput!) { ...F } fragment F on Subscription { chatStream(input: $input) ${SELECTION} }`,
    { input: INPUT },
  ],
  [
    'is in an inline fragment',
    `($input: ChatInput!) { ... { chatStream(input: $input) ${SELECTION} } }`,
    { input: INPUT },
  ],
  [
    'stands beside another operation',
    `($input: ChatInput!) { chatStream(input: $input) ${SELECTION} } query Q { __typename }`,
    { input: INPUT },
  ],
])('a subscription whose field %s is asked as graphql-js asks it', async (_, text, variables) => {
  const [wanted, got] = await both(`subscription S${text}`, variables);
  expect(got).toEqual(wanted);
  expect(got).toEqual(['an event']);
  const [wantedArgs, wantedContext, args, context] = asked;
  expect(args).toEqual(wantedArgs);
  expect([context, wantedContext]).toEqual([CONTEXT, CONTEXT]);
});

it.each([
  ['a failure of its resolver', 'contextId: "c", messages: []', {}],
  ['a value that does not fit within a literal', 'contextId: $id, messages: []', { id: null }],
])('a subscription tells of %s as graphql-js does', async (_, input, variables) => {
  answer = () => Promise.reject(new GraphQLError('no'));
  const [wanted, got] = await both(
    `subscription S($id: ID) { answer: chatStream(input: { ${input} }) ${SELECTION} }`,
    variables,
  );
  expect(got).toEqual(wanted);
  expect(got).toEqual([expect.objectContaining({ path: ['answer'] })]);
});
