import fc from 'fast-check';
import { AppError, ErrorCode } from '../../src/errors.js';
import { fromChatAnswer, fromChatChunk } from '../../src/gateway/context-api/chat-mapping.js';
import { ChatStreamReader } from '../../src/gateway/context-api/chat-stream.js';
import { fromCreateContextAnswer, fromModelsAnswer } from '../../src/gateway/context-api/context-mapping.js';
import { gatewayError } from '../../src/gateway/errors/gateway-error.js';
import { asObject, type JsonObject } from '../../src/gateway/json.js';
import type { CallFacts, ChatAnswerDelta } from '../../src/gateway/types.js';

const INT = (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;
const asked = { model: 'm', messages: [{ content: 'a' }] };

/** Words that mean something somewhere, in places where they may mean nothing. */
const NAMES = [
  ...[
    'id',
    'model',
    'mode',
    'ttl',
    'truncation_strategy',
    'type',
    'rolling_tokens',
    'last_history_tokens',
    'max_window_tokens',
  ],
  ...[
    'usage',
    'prompt_tokens',
    'completion_tokens',
    'total_tokens',
    'prompt_tokens_details',
    'cached_tokens',
  ],
  ...['completion_tokens_details', 'reasoning_tokens', 'cache_creation_input_tokens', 'created', 'data'],
  ...['choices', 'index', 'message', 'delta', 'role', 'content', 'reasoning_content', 'finish_reason'],
  ...[
    'owned_by',
    'supported_endpoint_types',
    'error',
    'code',
    'param',
    '__proto__',
    'constructor',
    'toString',
  ],
];
const WORDS = [
  '',
  ' ',
  'ctx-1',
  'session',
  'stop',
  'assistant',
  '3600',
  'rolling_tokens',
  'InvalidParameter',
];

const { anything } = fc.letrec<{ anything: unknown }>((tie) => ({
  anything: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false, 0, -1, 7, 2 ** 31, 1e300, 0.5, ...WORDS),
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie('anything'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('anything'), { maxKeys: 8 }),
  ),
}));

/** Half of them have what an answer needs, or too few would be read to the end. */
const plausible = fc.option(
  fc.record({
    id: fc.constant('ctx-1'),
    choices: fc.array(anything, { maxLength: 3 }),
    data: fc.array(anything, { maxLength: 3 }),
  }),
  { freq: 2, nil: {} },
);

/** Whatever object a gateway may send, as it is once it has been read. */
const objects: fc.Arbitrary<JsonObject> = fc
  .tuple(plausible, fc.dictionary(fc.constantFrom(...NAMES), anything, { maxKeys: 12 }))
  .map(([base, rest]) => asObject(JSON.parse(JSON.stringify({ ...base, ...rest }))) ?? {});

const chatAsked = { contextId: 'ctx-1', model: 'm', messages: [{ content: 'a' }] };

/** Every field there or null, every number one that GraphQL carries, every date a date. */
function expectCarriable(value: unknown): void {
  expect(value).not.toBeUndefined();
  if (typeof value === 'number') expect(INT(value)).toBe(true);
  else if (value instanceof Date) expect(Number.isNaN(value.getTime())).toBe(false);
  else if (typeof value === 'object' && value !== null) Object.values(value).forEach(expectCarriable);
}

function expectBadResponse(error: unknown): void {
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toBe('GATEWAY_BAD_RESPONSE');
}

describe('any JSON that the gateway may say', () => {
  const readers: [string, (answer: JsonObject) => unknown][] = [
    ['a created context', (answer) => fromCreateContextAnswer(answer, asked)],
    ['an answer to a chat', (answer) => fromChatAnswer(answer, chatAsked)],
    ['a chunk of one', fromChatChunk],
    ['the list of models', fromModelsAnswer],
  ];
  it.each(readers)('is %s with every field there or null, or a bad response', (_, read) => {
    let readWell = 0;
    fc.assert(
      fc.property(objects, (answer) => {
        try {
          expectCarriable(read(answer));
          readWell++;
        } catch (error) {
          expectBadResponse(error);
        }
      }),
      { numRuns: 1_000 },
    );
    // Else the property would say nothing about what is read.
    expect(readWell).toBeGreaterThan(100);
  });

  it('is a stream of deltas with an end, or a bad response', () => {
    const last = fc.oneof(
      objects.map((answer) => ({ answer })),
      fc.boolean().map((isDone) => ({ isDone })),
    );
    let readWell = 0;
    const property = fc.property(fc.array(objects, { maxLength: 6 }), last, (chunks, last) => {
      const reader = new ChatStreamReader(chatAsked);
      const deltas: ChatAnswerDelta[] = [];
      try {
        for (const chunk of chunks) deltas.push(...reader.readChunk(chunk));
        if ('answer' in last) deltas.push(...reader.readAnswer(last.answer));
        reader.finish('answer' in last || last.isDone);
        expectCarriable(reader.finish(true));
        readWell++;
      } catch (error) {
        expectBadResponse(error);
      }
      deltas.forEach(expectCarriable);
    });
    fc.assert(property, { numRuns: 500 });
    expect(readWell).toBeGreaterThan(50);
  });

  it('is, with any status, an error of the family that repeats nothing of it but a code and an id', () => {
    const key = 'sk-0123456789abcdef';
    const messages = new Set<string>();
    const text = fc.oneof(fc.constantFrom(...WORDS, key, `${key}.`), fc.string(), anything);
    const body = fc.oneof(
      objects,
      fc.record({ error: fc.record({ code: text, type: text, message: text, param: text }) }),
    );
    const call: fc.Arbitrary<CallFacts> = fc.record({
      operation: fc.constantFrom('createContext', 'chat', 'models'),
      contextId: fc.constant('ctx-1'),
      credential: fc.record({ key: fc.constant(key), owner: fc.constantFrom('server', 'caller') }),
    });
    const property = fc.property(
      fc.integer({ min: 200, max: 599 }),
      fc.option(body as fc.Arbitrary<JsonObject>),
      fc.option(fc.string(), { nil: undefined }),
      call,
      (status, said, header, facts) => {
        const error = gatewayError({ status, body: said, retryAfter: header, requestId: header }, facts);
        expect(Object.values(ErrorCode)).toContain(error.code);
        const { retryAfter, gateway } = error.details;
        if (retryAfter !== undefined) expect(INT(retryAfter)).toBe(true);
        expect(gateway?.status).toBe(status);
        expect(JSON.stringify(gateway)).not.toContain(key);
        for (const fact of [gateway?.code, gateway?.requestId])
          expect(fact ?? 'x').toMatch(/^[\w.:-]{1,80}$/);
        messages.add(error.message);
      },
    );
    fc.assert(property, { numRuns: 1_000 });
    // Our own sentences: what was said is in none of them, or there would be as many as answers.
    expect(messages.size).toBeGreaterThan(2);
    expect(messages.size).toBeLessThan(20);
  });
});
