import fc from 'fast-check';
import { CHAT_ANSWER } from '../support/chat-answers.js';
import { TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';

let gateway: StandIn;
let server: TestServer;
beforeAll(async () => {
  gateway = await StandIn.start((response, _, { path }) =>
    json(response, 200, path === '/v1/context/create' ? CREATED : CHAT_ANSWER),
  );
  server = await TestServer.before(gateway);
  const input = { model: 'm', messages: [{ content: 'a' }] };
  expect((await server.query(CREATE, { input })).errors).toEqual([]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

/** Most values are such as belong there, or too few inputs would pass. */
const or = (good: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 30, arbitrary: good }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) });
const text = or(
  fc.oneof(
    { weight: 30, arbitrary: fc.string({ unit: 'grapheme' }) },
    { weight: 1, arbitrary: fc.constantFrom('', ' ', '\0', '\ud800', '__proto__') },
  ),
);
const message = fc.record(
  { role: or(fc.constantFrom('SYSTEM', 'USER', 'ASSISTANT', null)), content: text },
  { requiredKeys: ['content'] },
);
const messages = or(fc.array(message, { minLength: 1, maxLength: 3 }));
const whole = or(fc.oneof({ weight: 15, arbitrary: fc.integer({ min: 1, max: 8 }) }, fc.integer()));
const share = or(
  fc.oneof({ weight: 15, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) }, fc.integer()),
);
const strategy = fc.record(
  {
    type: or(fc.constantFrom('LAST_HISTORY_TOKENS', 'ROLLING_TOKENS')),
    lastHistoryTokens: whole,
    rollingTokens: or(fc.boolean()),
  },
  { requiredKeys: ['type'] },
);
const creation = fc.record(
  {
    model: or(fc.constantFrom('m', 'gemini-2.5-pro', '')),
    messages,
    mode: or(fc.constantFrom('SESSION', 'COMMON_PREFIX', null)),
    ttl: or(fc.oneof({ weight: 15, arbitrary: fc.constantFrom(3_600, 604_800, null) }, fc.integer())),
    truncationStrategy: or(strategy),
    reuse: or(fc.boolean()),
  },
  { requiredKeys: ['model', 'messages'] },
);
const question = fc.record(
  {
    contextId: fc.constant(CREATED.id),
    messages,
    temperature: share,
    topP: share,
    n: whole,
    maxTokens: whole,
    stop: or(fc.array(text, { minLength: 1, maxLength: 4 })),
    presencePenalty: share,
    frequencyPenalty: share,
    logitBias: or(fc.array(fc.record({ token: or(fc.nat().map(String)), bias: share }), { maxLength: 2 })),
  },
  { requiredKeys: ['contextId', 'messages'] },
);

describe.each([
  ['createContext', CREATE, creation],
  ['chat', CHAT, question],
])('any input of %s', (_, operation, inputs) => {
  it('goes to the gateway as JSON, or is refused with the name of a field and without a call', async () => {
    const seen = { passed: 0, refused: 0 };
    const property = fc.asyncProperty(inputs as fc.Arbitrary<object>, async (input) => {
      gateway.seen.length = 0;
      const { errors } = await server.query(operation, { input });
      if (errors.length === 0) {
        seen.passed++;
        // A prefix may have been there already.
        for (const { body } of gateway.seen) expect(JSON.parse(body).messages).toBeInstanceOf(Array);
        return;
      }
      seen.refused++;
      expect(gateway.seen).toEqual([]);
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
      const fields = errors[0]?.extensions.fields as { path: string[]; message: string }[];
      expect(fields.length).toBeGreaterThan(0);
      for (const { path, message } of fields) {
        expect(path[0]).toBe('input');
        expect(message).toMatch(/^(must|may|holds|needs)/);
      }
    });
    await fc.assert(property, { numRuns: 300 });
    expect(seen.passed).toBeGreaterThan(15);
    expect(seen.refused).toBeGreaterThan(15);
  });
});
