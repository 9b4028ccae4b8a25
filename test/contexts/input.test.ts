import { TestServer } from '../support/server.js';
import { StandIn } from '../support/stand-in.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const GOOD = { model: 'Doubao-1.5-pro-32k', messages: [{ role: 'SYSTEM', content: 'hello' }] };
const CANARY = 'canary-9f2c';

let gateway: StandIn;
let server: TestServer;
beforeAll(async () => {
  gateway = await StandIn.start();
  server = await TestServer.before(gateway);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});
beforeEach(() => gateway.seen.splice(0));

async function refusal(input: unknown) {
  const { errors, data } = await server.query(CREATE, { input });
  expect(gateway.seen).toEqual([]);
  expect(data ?? null).toBeNull();
  expect(errors).toHaveLength(1);
  expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', retryable: false });
  expect(JSON.stringify(errors)).not.toContain(CANARY);
  return errors[0]?.extensions.fields;
}

describe('the rules on createContext’s input', () => {
  const cases: [string, object, (string | number)[], string][] = [
    ['a blank model', { model: ' ' }, ['input', 'model'], 'must not be blank'],
    ['no message', { messages: [] }, ['input', 'messages'], 'must hold at least one message'],
    [
      'a message with neither role nor content',
      { messages: [{}] },
      ['input', 'messages', 0, 'content'],
      'must be given if the message has no role',
    ],
    [
      'the second of two messages, both null',
      { messages: [{ content: CANARY }, { role: null, content: null }] },
      ['input', 'messages', 1, 'content'],
      'must be given if the message has no role',
    ],
    [
      'a ttl below an hour',
      { ttl: 3599 },
      ['input', 'ttl'],
      'must be 3600 to 604800 seconds with the model Doubao-1.5-pro-32k',
    ],
    [
      'a ttl above 7 days',
      { ttl: 604_801 },
      ['input', 'ttl'],
      'must be 3600 to 604800 seconds with the model Doubao-1.5-pro-32k',
    ],
    [
      'a ttl of nothing for Gemini',
      { model: 'gemini-2.5-pro', ttl: 0 },
      ['input', 'ttl'],
      'must be at least 1 second',
    ],
    [
      'a truncation strategy for a prefix',
      { mode: 'COMMON_PREFIX', truncationStrategy: { type: 'ROLLING_TOKENS' } },
      ['input', 'truncationStrategy'],
      'may only be used with mode SESSION',
    ],
    [
      'the number of the other strategy',
      { truncationStrategy: { type: 'ROLLING_TOKENS', lastHistoryTokens: 10 } },
      ['input', 'truncationStrategy', 'lastHistoryTokens'],
      'may only be used with type LAST_HISTORY_TOKENS',
    ],
    [
      'the flag of the other strategy',
      { truncationStrategy: { type: 'LAST_HISTORY_TOKENS', rollingTokens: true } },
      ['input', 'truncationStrategy', 'rollingTokens'],
      'may only be used with type ROLLING_TOKENS',
    ],
    [
      'the window of the other strategy',
      { truncationStrategy: { type: 'LAST_HISTORY_TOKENS', maxWindowTokens: 10 } },
      ['input', 'truncationStrategy', 'maxWindowTokens'],
      'may only be used with type ROLLING_TOKENS',
    ],
    [
      'a window that rolls by no tokens',
      { truncationStrategy: { type: 'ROLLING_TOKENS', rollingWindowTokens: 0 } },
      ['input', 'truncationStrategy', 'rollingWindowTokens'],
      'must be at least 1',
    ],
    [
      'history of no tokens',
      { truncationStrategy: { type: 'LAST_HISTORY_TOKENS', lastHistoryTokens: 0 } },
      ['input', 'truncationStrategy', 'lastHistoryTokens'],
      'must be at least 1',
    ],
    [
      'a NUL in a text',
      { messages: [{ role: 'USER', content: `${CANARY}\0` }] },
      ['input', 'messages', 0, 'content'],
      'must hold no NUL character and no lone surrogate',
    ],
    [
      'a lone surrogate in a text',
      { messages: [{ role: 'USER', content: `\ud800${CANARY}` }] },
      ['input', 'messages', 0, 'content'],
      'must hold no NUL character and no lone surrogate',
    ],
    [
      'a NUL in the model',
      { model: `${CANARY}\0` },
      ['input', 'model'],
      'must hold no NUL character and no lone surrogate',
    ],
  ];
  it.each(cases)('refuses %s, naming the field', async (_, change, path, message) => {
    expect(await refusal({ ...GOOD, ...change })).toEqual([{ path, message }]);
  });

  it('names every field at fault at once', async () => {
    expect(await refusal({ model: '', messages: [], ttl: 0 })).toHaveLength(3);
  });

  it('names both rules of a model at once', async () => {
    expect(await refusal({ ...GOOD, ttl: 60, reuse: true })).toEqual([
      { path: ['input', 'ttl'], message: expect.stringContaining('3600') },
      { path: ['input', 'reuse'], message: 'may only be used with mode COMMON_PREFIX' },
    ]);
  });

  it('names no model whose text is too long for a name', async () => {
    const [problem] = (await refusal({ ...GOOD, model: 'm'.repeat(101), ttl: 60 })) as { message: string }[];
    expect(problem?.message).toBe('must be 3600 to 604800 seconds with this model');
  });

  it('takes the bounds themselves', async () => {
    const bounds = [
      { ttl: 3600 },
      { ttl: 604_800 },
      { model: 'gemini-2.5-pro', ttl: 1 },
      { model: 'gemini-2.5-pro', ttl: 2_000_000 },
      { messages: [{ role: 'USER' }] },
      { messages: [{ content: '' }] },
      { truncationStrategy: { type: 'LAST_HISTORY_TOKENS', lastHistoryTokens: 1 } },
      { mode: 'SESSION', truncationStrategy: { type: 'ROLLING_TOKENS', rollingTokens: false } },
      { truncationStrategy: { type: 'ROLLING_TOKENS', maxWindowTokens: 1, rollingWindowTokens: 1 } },
      { reuse: null },
      { messages: [{ content: '😀 well-formed' }] },
    ];
    for (const change of bounds) {
      const { errors } = await server.query(CREATE, { input: { ...GOOD, ...change } });
      expect(errors).toEqual([]);
    }
  });
});

describe('what does not fit the schema', () => {
  const cases: [string, unknown, (string | number)[], string][] = [
    [
      'a role that is none',
      { ...GOOD, messages: [{ role: CANARY }] },
      ['input', 'messages', 0, 'role'],
      'must be one of SYSTEM, USER, ASSISTANT',
    ],
    [
      'a content that is no text',
      { ...GOOD, messages: [{ content: { a: CANARY } }] },
      ['input', 'messages', 0, 'content'],
      'must be of type String',
    ],
    ['a ttl that is a text', { ...GOOD, ttl: CANARY }, ['input', 'ttl'], 'must be of type Int'],
    ['a ttl beyond 32 bits', { ...GOOD, ttl: 2 ** 31 }, ['input', 'ttl'], 'must be of type Int'],
    ['no model', { messages: [{ content: CANARY }] }, ['input', 'model'], 'must be given'],
    [
      'an unknown field',
      { ...GOOD, [CANARY]: CANARY },
      ['input'],
      'holds a field that CreateContextInput does not have',
    ],
    ['a text for the input', CANARY, ['input'], 'must be of type CreateContextInput'],
    ['null for the input', null, ['input'], 'must be given'],
  ];
  it.each(cases)('refuses %s without repeating it', async (_, input, path, message) => {
    expect(await refusal(input)).toEqual([{ path, message }]);
  });

  const literals = [
    `mutation { createContext(input: {model: "m", messages: [{content: 5, role: ${CANARY.replace('-', '_')}}]}) { id } }`,
    `mutation { createContext(input: {model: "m", messages: [{content: "x"}], ttl: "${CANARY}"}) { id } }`,
    `mutation { createContext(input: "${CANARY}") { id } }`,
    `mutation { createContext(input: {model: "m", messages: "${CANARY}"}) { id } }`,
    `mutation { createContext(input: {model: "m" messages: [{content: "${CANARY}}]) { id } }`,
    `mutation { createContext(input: {model: "m", messages: [{content: "x"}]}) { "${CANARY}" } }`,
    `mutation ($m: MessageInput = {content: "a"}) { createContext(input: {model: "${CANARY}", messages: [$m]}) { id } }`,
  ];
  it.each(literals)('refuses %s without repeating a value', async (document) => {
    const { errors } = await server.query(document, { m: null });
    expect(errors.length).toBeGreaterThan(0);
    expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(JSON.stringify(errors)).not.toContain(CANARY);
    expect(JSON.stringify(errors)).not.toContain(CANARY.replace('-', '_'));
    expect(gateway.seen).toEqual([]);
  });
});
