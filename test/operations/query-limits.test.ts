import { getIntrospectionQuery } from 'graphql';
import { TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { WAYS } from '../support/ways-in.js';

const CREATE = 'createContext(input: { model: "m", messages: [{ content: "a-private-prompt" }] }) { id }';
const CHAT = 'chat(input: { contextId: "ctx-1", messages: [{ content: "a-private-prompt" }] }) { id }';
const FRAGMENT = `fragment Pay on Mutation { ${CREATE} }`;
const deep = (levels: number) => `{ ${'a { '.repeat(levels)}b ${'} '.repeat(levels)}}`;
const times = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i));

/** Each level spreads the next one twice: 2 to the power of `levels` fields. */
const fanOut = (levels: number) =>
  `{ contexts { pageInfo { ...F0 } } } ${times(levels, (i) => `fragment F${i} on PageInfo { ...F${i + 1} ...F${i + 1} }`).join(' ')} fragment F${levels} on PageInfo { hasNextPage }`;

const REFUSED: [string, string, RegExp][] = [
  ['too many tokens', `{ ${'models { id } '.repeat(251)} }`, /larger than 1000 tokens/],
  ['tokens without end', `{ ${'[{'.repeat(200_000)}`, /larger than 1000 tokens/],
  ['comments without end', '#\n'.repeat(45_000), /larger than 1000 tokens/],
  ['a very long text', `{ models { id } } #${'a-private-prompt'.repeat(10_000)}`, /100000 characters/],
  ['a field over and over', `{ models { ${'id '.repeat(980)}} }`, /10 times side by side/],
  ['fields 21 deep', deep(20), /nested 20 deep/],
  ['fields 300 deep', deep(300), /nested 20 deep/],
  [
    'lists 480 deep',
    `{ contexts(first: ${'['.repeat(480)}${']'.repeat(480)}) { pageInfo { hasNextPage } } }`,
    /must be of type Int/,
  ],
  [
    'a type 480 lists deep',
    `query ($n: ${'['.repeat(480)}Int${']'.repeat(480)}) { contexts(first: $n) { pageInfo { hasNextPage } } }`,
    /does not fit where the variable is used/,
  ],
  ['16 aliases', `{ ${times(16, (i) => `a${i}: models { id }`).join(' ')} }`, /15 aliases/],
  [
    'aliases in fragments',
    `{ ...A ...B } fragment A on Query { ${times(8, (i) => `a${i}: models { id }`).join(' ')} } fragment B on Query { ...A }`,
    /15 aliases/,
  ],
  ['51 directives', `{ models { id ${'@include(if: true) '.repeat(51)}} }`, /50 directives/],
  [
    'directives that are not there',
    `query ${'@a-private-prompt '.replace(/-/g, '').repeat(480)} { models { id } }`,
    /50 directives/,
  ],
  [
    'pages upon pages',
    '{ a: contexts(first: 100) { ...P } b: contexts(first: 100) { ...P } } fragment P on ContextCacheConnection { edges { node { id model mode ttl createdAt expiresAt lastUsedAt reused totals { chats promptTokens cachedTokens completionTokens cacheHitRate } usage { promptTokens completionTokens totalTokens promptTokensDetails { cachedTokens } completionTokensDetails { reasoningTokens } cacheCreationInputTokens } truncationStrategy { type rollingTokens lastHistoryTokens } } cursor } }',
    /5000 fields/,
  ],
  [
    'a page whose size a variable tells',
    `query ($n: Int!) { contexts(first: $n) { edges { ${'...C '.repeat(6)} } } } fragment C on ContextCacheEdge { ${'cursor '.repeat(10)} }`,
    /5000 fields/,
  ],
  [
    'lists of runs under many aliases',
    `{ ${times(15, (i) => `a${i}: chatRuns { id choices { index message { content } } }`).join(' ')} }`,
    /5000 fields/,
  ],
  ['fragments that fan out', fanOut(40), /5000 fields/],
  [
    'introspection under many aliases',
    `{ ${times(15, (i) => `a${i}: __schema { types { name fields { name description } } }`).join(' ')} }`,
    /5000 fields/,
  ],
  [
    'a type that a variable names, in fragments that fan out',
    `query ($t: String!) { __type(name: $t) { ...F0 } } ${times(20, (i) => `fragment F${i} on __Type { ...F${i + 1} ...F${i + 1} }`).join(' ')} fragment F20 on __Type { name }`,
    /5000 fields/,
  ],
  [
    'a fragment that spreads itself',
    '{ ...F } fragment F on Query { models { id } ...F }',
    /must not spread itself/,
  ],
  [
    'fragments in a circle',
    '{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }',
    /must not spread itself/,
  ],
];

const PAID_TWICE: [string, string][] = [
  ['two creations', `mutation { a: ${CREATE} b: ${CREATE} }`],
  ['a creation and a chat', `mutation { ${CREATE} ${CHAT} }`],
  ['a chat in an inline fragment', `mutation { ${CREATE} ... { ... on Mutation { ${CHAT} } } }`],
  [
    'one fragment spread twice under inline fragments',
    `mutation { ... { ...Pay } ... { ...Pay } } ${FRAGMENT}`,
  ],
  [
    'one that is skipped',
    `mutation { ${CREATE} b: ${CREATE.replace(' {', ' @skip(if: true) {')} }`.replace(
      'input: @skip(if: true) {',
      'input: {',
    ),
  ],
  [
    'one that a variable includes',
    `mutation ($yes: Boolean = false) { ${CREATE} ... @include(if: $yes) { b: ${CREATE} } }`,
  ],
];

describe.each(WAYS)('over %s', (_way, ask) => {
  let server: TestServer;
  let gateway: StandIn;
  beforeAll(async () => {
    gateway = await StandIn.start((response) => json(response, 200, CREATED));
    server = await TestServer.before(gateway);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  });

  it.each(REFUSED)('%s are refused', async (_what, query, message) => {
    const startedAt = performance.now();
    const { data, errors } = await ask(server, { query, variables: { n: 1 } });
    expect(data).toBeUndefined();
    expect(errors[0]?.message).toMatch(message);
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', retryable: false });
    expect(JSON.stringify(errors)).not.toContain('private');
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it.each(PAID_TWICE)('%s in one operation cost nothing', async (_what, query) => {
    gateway.seen.length = 0;
    const { data, errors } = await ask(server, { query });
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([
      {
        message: expect.stringContaining('one `createContext` or `chat`'),
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
    expect(gateway.seen).toEqual([]);
  });

  it('one paid call goes through, beside others in operations that do not run', async () => {
    gateway.seen.length = 0;
    const query = `mutation A { ...Pay } mutation B { ${CREATE} forgetContext(id: "x") } ${FRAGMENT}`;
    const { data, errors } = await ask(server, { query, operationName: 'A' });
    expect([data, errors]).toEqual([{ createContext: { id: CREATED.id } }, []]);
    expect(gateway.seen).toHaveLength(1);
  });

  it('the largest introspection query and a full page of contexts are within the limits', async () => {
    const all = {
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    };
    const { data, errors } = await ask(server, { query: getIntrospectionQuery(all) });
    expect(errors).toEqual([]);
    expect(data.__schema.types.length).toBeGreaterThan(20);
    const [, page = ''] = REFUSED.find(([what]) => what === 'pages upon pages') ?? [];
    const one = await ask(server, { query: page.replace('b: contexts(first: 100) { ...P }', '') });
    expect(one.errors).toEqual([]);
  });
});

describe('a batch', () => {
  it.each(['application/json', 'text/event-stream'])('is refused whole, as %s', async (accept) => {
    await using server = await TestServer.start();
    const batch = JSON.stringify([{ query: '{ models { id } }' }, { query: '{ models { id } }' }]);
    const { status, errors } = await server.post(batch, { accept });
    expect([status, errors[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
  });
});
