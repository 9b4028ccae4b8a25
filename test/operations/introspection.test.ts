import { readFileSync } from 'node:fs';
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, printSchema } from 'graphql';
import { TestServer } from '../support/server.js';
import { WAYS } from '../support/ways-in.js';

const INTROSPECTION = getIntrospectionQuery({
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
});
const committed = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8').trimEnd();

describe.each(WAYS)('introspection over %s', (_, ask) => {
  it('is the committed schema, however often it is asked for', async () => {
    await using server = await TestServer.start();
    for (let run = 1; run <= 4; run++) {
      const { data } = await ask(server, { query: INTROSPECTION });
      const live = printSchema(buildClientSchema(data as IntrospectionQuery));
      expect({ run, live }).toEqual({ run, live: committed });
    }
  });

  it('is refused where it is off, and nothing suggests a name in its place', async () => {
    await using server = await TestServer.start({ INTROSPECTION: 'off' });
    for (const query of [
      '{ __schema { queryType { name } } }',
      '{ modelz { id } }',
      '{ contexts(frist: 1) { edges { cursor } } }',
      '{ models { ids } }',
      'query ($input: CreateContextInputs) { models { id } }',
      'mutation { createContext(input: { modell: "m", messages: [] }) { id } }',
      '{ models { ... on Modell { id } } }',
      '{ models @inclde(if: true) { id } }',
      'mutation { createContext(input: { model: "m", messages: [], mode: SESION }) { id } }',
    ]) {
      const { errors } = await ask(server, { query });
      expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
      expect(errors.map(({ message }) => message).join()).not.toMatch(/did you mean/i);
    }
    expect((await ask(server, { query: '{ __typename }' })).data).toEqual({ __typename: 'Query' });
  });
});

it.each(WAYS)(
  'a subscription with @skip or @include at its root is refused with a code over %s',
  async (_, ask) => {
    await using server = await TestServer.start();
    const input = 'input: { contextId: "ctx-1", messages: [] }';
    for (const query of [
      `subscription { chatStream(${input}) @skip(if: true) { __typename } }`,
      `subscription ($x: Boolean!) { chatStream(${input}) @include(if: $x) { __typename } }`,
      `subscription { ... @include(if: false) { chatStream(${input}) { __typename } } }`,
      `subscription { ...F @skip(if: true) } fragment F on Subscription { chatStream(${input}) { __typename } }`,
      `subscription { ...F } fragment F on Subscription { ...F chatStream(${input}) @skip(if: false) { __typename } }`,
    ]) {
      const { errors } = await ask(server, { query, variables: { x: false } });
      expect(errors[0]).toMatchObject({
        message: expect.stringMatching(/takes no @skip and no @include/),
        extensions: { code: 'BAD_USER_INPUT', retryable: false, requestId: expect.any(String) },
      });
    }
  },
);
