import { TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { WAYS } from '../support/ways-in.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const PAGE = 'query ($n: Int!) { contexts(first: $n) { pageInfo { hasNextPage } } }';
const MESSAGES = [{ content: 'a-private-prompt' }];
const INPUT = { model: 'm', messages: MESSAGES };

/** What JSON.stringify could not write: its own nesting ends at some thousands. */
class Raw {
  constructor(readonly text: string) {}
}
const nested = (open: string, close: string, core = '1') =>
  new Raw(open.repeat(100_000) + core + close.repeat(100_000));
const LISTS = nested('[', ']');
const OBJECTS = nested('{"a":', '}');
const INPUTS = nested('{"messages":[', ']}', '{}');

/** The request with raw texts where it has them, and `__proto__` as a name like any other. */
function write(value: unknown): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, one]) => `${JSON.stringify(name)}:${write(one)}`)
    .join()}}`;
}

const own = (name: string, value: unknown) => Object.fromEntries([[name, value]]);

const REFUSED: [string, string, unknown][] = [
  ['lists 100 000 deep', CREATE, { input: LISTS }],
  ['objects 100 000 deep', CREATE, { input: OBJECTS }],
  ['inputs in inputs 100 000 deep', CREATE, { input: INPUTS }],
  ['a message 100 000 deep', CREATE, { input: { ...INPUT, messages: LISTS } }],
  ['a number 100 000 deep', PAGE, { n: LISTS }],
  [
    '100 000 right messages',
    CREATE,
    { input: { ...INPUT, messages: Array(100_000).fill({ content: 'x' }) } },
  ],
  ['100 000 wrong messages', CREATE, { input: { ...INPUT, messages: Array(100_000).fill(1) } }],
  [
    '100 000 unknown fields',
    CREATE,
    { input: Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`x${i}`, 1])) },
  ],
  ['a list for an object', CREATE, { input: [] }],
  ['__proto__ as a field', CREATE, { input: { ...INPUT, ...own('__proto__', { reuse: true }) } }],
  ['constructor as a field', CREATE, { input: { ...INPUT, constructor: { prototype: {} } } }],
  ['fields that the prototype would bring', CREATE, own('__proto__', { input: INPUT })],
  [
    'a variable out of the prototype',
    'query ($toString: Int!) { contexts(first: $toString) { pageInfo { hasNextPage } } }',
    {},
  ],
  ['an Int of 33 bits', PAGE, { n: 4_294_967_296 }],
  ['an Int below 32 bits', PAGE, { n: -2_147_483_649 }],
  ['a huge number', PAGE, { n: new Raw('1e400') }],
  ['a fraction', PAGE, { n: 1.5 }],
  ['an Int beyond what its field takes', PAGE, { n: 2_147_483_647 }],
  ['none at all', PAGE, { n: 0 }],
  ['an Int as a text', PAGE, { n: '5' }],
  ['a ttl of 33 bits', CREATE, { input: { ...INPUT, ttl: 4_294_967_296 } }],
  ['a ttl that no one could wait for', CREATE, { input: { ...INPUT, ttl: 2_147_483_647 } }],
  ['a negative ttl', CREATE, { input: { ...INPUT, ttl: -1 } }],
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

  it.each(REFUSED)('%s: BAD_USER_INPUT, without a call to the gateway', async (_what, query, variables) => {
    const { data, errors } = await ask(server, { query, variables }, undefined, write);
    expect(data ?? null).toBeNull();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    expect(JSON.stringify(errors)).not.toMatch(/private|node_modules|\bat .*\.js/);
    expect(JSON.stringify(errors).length).toBeLessThan(5_000);
    expect(gateway.seen).toEqual([]);
    expect(Object.prototype).not.toHaveProperty('reuse');
  });

  it('variables that the operation does not declare are ignored, however deep', async () => {
    const variables = { n: 1, ...own('__proto__', OBJECTS), constructor: LISTS };
    const { data, errors } = await ask(server, { query: PAGE, variables }, undefined, write);
    expect([data, errors]).toEqual([{ contexts: { pageInfo: { hasNextPage: false } } }, []]);
  });

  it('2000 messages are accepted, more are refused', async () => {
    const create = (count: number) => {
      const messages = Array.from({ length: count }, () => ({ content: 'x' }));
      return ask(server, { query: CREATE, variables: { input: { ...INPUT, messages } } });
    };
    const { errors } = await create(2_001);
    expect(errors[0]?.message).toBe('messages must have at most 2000 entries');
    expect(gateway.seen).toEqual([]);
    expect((await create(2_000)).errors).toEqual([]);
    gateway.seen.length = 0;
  });

  it('variables may be names of the prototype', async () => {
    const query = 'query ($__proto__: Int!) { contexts(first: $__proto__) { pageInfo { hasNextPage } } }';
    const { data, errors } = await ask(server, { query, variables: own('__proto__', 5) }, undefined, write);
    expect([data, errors]).toEqual([{ contexts: { pageInfo: { hasNextPage: false } } }, []]);
  });

  it('aliases may be names of the prototype', async () => {
    const { data } = await ask(server, {
      query: '{ __proto__: __typename constructor: __typename toJSON: __typename }',
    });
    expect(Object.entries(data)).toEqual([
      ['__proto__', 'Query'],
      ['constructor', 'Query'],
      ['toJSON', 'Query'],
    ]);
  });

  it('none of it is logged as an error of the server', () => {
    expect(server.log.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });
});

describe.each(['production', 'development'])('an unreadable body, with NODE_ENV=%s', (mode) => {
  const { NODE_ENV } = process.env;
  let server: TestServer;
  beforeAll(async () => {
    process.env.NODE_ENV = mode;
    server = await TestServer.start({ MAX_BODY_BYTES: '2048' });
  });
  afterAll(async () => {
    process.env.NODE_ENV = NODE_ENV;
    await server[Symbol.asyncDispose]();
  });

  const QUERY = Buffer.from('{"query":"{ models { id } }"}');
  const NO_UTF8 = Buffer.concat([QUERY.subarray(0, 12), Buffer.from([0xff]), QUERY.subarray(12)]);
  it.each([
    [400, 'bytes that are not UTF-8', NO_UTF8, {}],
    [400, 'nothing', Buffer.alloc(0), {}],
    [400, 'a NUL after the JSON', Buffer.concat([QUERY, Buffer.from([0])]), {}],
    [400, 'half of it', QUERY.subarray(0, 12), {}],
    [400, 'null', Buffer.from('null'), {}],
    [400, 'UTF-16', Buffer.from(QUERY.toString(), 'utf16le'), {}],
    [413, 'too much', Buffer.alloc(3_000, ' '), {}],
    [415, 'another charset', QUERY, { 'content-type': 'application/json; charset=utf-16' }],
    [415, 'another type', QUERY, { 'content-type': 'application/graphql' }],
    [415, 'packed', QUERY, { 'content-encoding': 'br' }],
  ])('gets %i: %s', async (status, _what, body, more) => {
    for (const accept of ['application/json', 'text/event-stream']) {
      const headers = { 'content-type': 'application/json', accept, ...more };
      const response = await fetch(server.url, { method: 'POST', headers, body });
      const text = await response.text();
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      expect(JSON.parse(text).errors[0].extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        retryable: false,
      });
      expect(text).not.toMatch(/stack|node_modules|\bat .*\.js/);
    }
  });
});
