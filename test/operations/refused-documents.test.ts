import { TestServer } from '../support/server.js';
import { WAYS } from '../support/ways-in.js';

const CANARY = 'aPrivateName';
const CREATE = 'createContext(input: { model: "m", messages: [{ content: "x" }] }) { id }';

/** One document for each rule that would quote it. */
const REFUSED: [string, string][] = [
  ['a field', `{ ${CANARY} }`],
  ['a field of a field', `{ contexts { ${CANARY} } }`],
  ['an argument', `{ contexts(${CANARY}: 1) { edges { cursor } } }`],
  ['an argument of a directive', `{ models @include(${CANARY}: true) { id } }`],
  ['a directive', `{ models @${CANARY} { id } }`],
  ['a type', `query ($x: ${CANARY}) { models { id } }`],
  ['a type condition', `{ models { ... on ${CANARY} { id } } }`],
  ['a fragment that is missing', `{ ...${CANARY} }`],
  ['a fragment that is not used', `{ models { id } } fragment ${CANARY} on Model { id }`],
  ['a fragment of another type', `{ models { ...${CANARY} } } fragment ${CANARY} on PageInfo { endCursor }`],
  ['a fragment on a scalar', `{ models { ...${CANARY} } } fragment ${CANARY} on String { id }`],
  [
    'a fragment that spreads itself',
    `{ models { ...${CANARY} } } fragment ${CANARY} on Model { ...${CANARY} }`,
  ],
  ['a fragment twice', `{ models { ...${CANARY} } } ${`fragment ${CANARY} on Model { id }`.repeat(2)}`],
  ['a variable that is not declared', `{ context(id: $${CANARY}) { id } }`],
  ['a variable that is not used', `query ($${CANARY}: ID) { models { id } }`],
  ['a variable twice', `query ($${CANARY}: ID!, $${CANARY}: ID!) { context(id: $${CANARY}) { id } }`],
  ['a variable of another type', `query ($${CANARY}: Int!) { context(id: $${CANARY}) { id } }`],
  ['a variable of an output type', `query ($${CANARY}: Model) { models { id } }`],
  ['an operation twice', `query ${CANARY} { models { id } } query ${CANARY} { models { id } }`],
  ['a subscription of two fields', `subscription ${CANARY} { ${CANARY}: __typename b: __typename }`],
  ['fields that differ', `{ ${CANARY}: context(id: "1") { id } ${CANARY}: context(id: "2") { id } }`],
  ['a field without a selection', `{ ${CANARY}: models }`],
  ['a selection of a scalar', `{ models { ${CANARY}: id { x } } }`],
  [
    'a field of an input',
    `mutation { createContext(input: { model: "m", messages: [], ${CANARY}: 1 }) { id } }`,
  ],
  [
    'a field of an input twice',
    `mutation { ${CREATE.replace('model: "m"', `model: "${CANARY}", model: "m"`)} }`,
  ],
  ['a value', `mutation { ${CREATE.replace('"m"', CANARY)} }`],
  ['an enum value', `mutation { ${CREATE.replace('model: "m"', `model: "m", mode: ${CANARY}`)} }`],
  ['a type definition', `type ${CANARY} { id: ID } query { models { id } }`],
  ['an argument twice', `{ context(id: "${CANARY}", id: "2") { id } }`],
  ['a directive twice', `{ ${CANARY}: models @skip(if: true) @skip(if: true) { id } }`],
  ['an operation without a name beside others', `{ models { id } } query ${CANARY} { models { id } }`],
];

describe.each(WAYS)('a refusal over %s', (_, ask) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('tells of 20 errors at most', async () => {
    const names = Array.from({ length: 60 }, (_one, index) => `x${index}`);
    const { errors } = await ask(server, { query: `{ ${names.join(' ')} }` });
    expect(errors.length).toBe(20);
    expect(errors.at(-1)?.message).toMatch(/Too many/);
  });

  it.each(REFUSED)('does not repeat %s', async (_what, query) => {
    const { data, errors } = await ask(server, { query });
    expect(data).toBeUndefined();
    expect(errors.length).toBeGreaterThan(0);
    for (const { message, extensions } of errors) {
      expect(message).toMatch(/^[A-Z].{10,}[.?]$/);
      expect(extensions.code).toBe('BAD_USER_INPUT');
    }
    expect(JSON.stringify(errors)).not.toContain(CANARY);
  });

  it('does not repeat the name of a variable in its message', async () => {
    const query = `query ($${CANARY}: Int!) { contexts(first: $${CANARY}) { edges { cursor } } }`;
    const { errors } = await ask(server, { query, variables: { [CANARY]: 'x' } });
    expect(errors).toMatchObject([{ message: 'A variable must be of type Int' }]);
  });

  it('suggests names of the schema while introspection is on', async () => {
    const { errors } = await ask(server, { query: '{ modelz { id } }' });
    expect(errors[0]?.message).toBe('Query has no such field. Did you mean "models"?');
  });

  it('is short, however much is wrong', async () => {
    const fields = Array.from({ length: 400 }, (_, index) => `x${index}`).join(' ');
    const { errors } = await ask(server, { query: `{ ${fields} }` });
    expect(errors.length).toBeLessThanOrEqual(21);
    const messages = Array.from({ length: 1_900 }, () => ({ content: '\0' }));
    const input = { model: '', messages };
    const create = await ask(server, {
      query: 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }',
      variables: { input },
    });
    expect(create.errors[0]?.extensions.fields).toHaveLength(20);
    expect(JSON.stringify(create.errors).length).toBeLessThan(10_000);
  });
});
