import fc from 'fast-check';
import { AppError } from '../../src/errors.js';
import {
  fromCreateContextAnswer,
  fromModelsAnswer,
  toCreateContextBody,
} from '../../src/gateway/context-api/context-mapping.js';
import { ContextMode, MessageRole, TruncationType } from '../../src/gateway/types.js';

const INT = (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;
const asked = { model: 'm', messages: [{ content: 'a' }] };

/** JSON objects of the answer's field names, with whatever in them. */
const answers = fc.record(
  Object.fromEntries(
    ['id', 'model', 'mode', 'ttl', 'truncation_strategy', 'usage', 'extra'].map((name) => [
      name,
      fc.oneof(
        fc.jsonValue(),
        fc.constantFrom<unknown>('ctx-1', 'session', 'common_prefix', 3600, '3600', -1, 1e300, ''),
        fc.dictionary(
          fc.constantFrom(
            'prompt_tokens',
            'completion_tokens',
            'total_tokens',
            'prompt_tokens_details',
            'type',
          ),
          fc.jsonValue(),
        ),
      ),
    ]),
  ),
  { requiredKeys: [] },
);

describe('the mapping of the gateway’s answers', () => {
  it('reads any JSON into values that the schema can carry, or refuses it as a bad response', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        try {
          const context = fromCreateContextAnswer(answer, asked);
          expect(context.id.trim()).not.toBe('');
          expect([...Object.values(ContextMode), null]).toContain(context.mode);
          if (context.ttl !== null) expect(INT(context.ttl)).toBe(true);
          if (context.usage)
            expect(INT(context.usage.promptTokens) && INT(context.usage.totalTokens)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).code).toBe('GATEWAY_BAD_RESPONSE');
        }
      }),
    );
  });

  it('takes no name of a model beyond 256 characters, and no id of a context beyond 1024', () => {
    const asked = { model: 'm', messages: [{ content: 'x' }] };
    const long = 'x'.repeat(200_000);
    expect(fromCreateContextAnswer({ id: 'ctx-1', model: long }, asked).model).toBe('m');
    expect(fromModelsAnswer({ data: [{ id: long }, { id: 'm', owned_by: long }] })).toMatchObject([
      { id: 'm', ownedBy: null },
    ]);
    expect(() => fromCreateContextAnswer({ id: long }, asked)).toThrow(/longer than 1024 characters/);
  });

  it('reads any list of models, leaving out what has no id', () => {
    const item = fc.record(
      {
        id: fc.jsonValue(),
        owned_by: fc.jsonValue(),
        created: fc.jsonValue(),
        supported_endpoint_types: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.jsonValue(), item)), (data) => {
        for (const model of fromModelsAnswer({ data })) {
          expect(typeof model.id === 'string' && model.id !== '').toBe(true);
          expect(model.created === null || !Number.isNaN(model.created.getTime())).toBe(true);
        }
      }),
    );
  });
});

describe('the mapping of createContext’s input', () => {
  const optional = <T>(value: fc.Arbitrary<T>) => fc.oneof(value, fc.constantFrom(null, undefined));
  const input = fc.record({
    model: fc.string({ minLength: 1 }),
    messages: fc.array(
      fc.record({
        role: optional(fc.constantFrom(...Object.values(MessageRole))),
        content: optional(fc.string({ unit: 'binary' })),
      }),
    ),
    mode: optional(fc.constantFrom(...Object.values(ContextMode))),
    ttl: optional(fc.integer({ min: 1 })),
    truncationStrategy: optional(
      fc.record({
        type: fc.constantFrom(...Object.values(TruncationType)),
        lastHistoryTokens: optional(fc.integer({ min: 1 })),
        rollingTokens: optional(fc.boolean()),
        maxWindowTokens: optional(fc.integer({ min: 1 })),
        rollingWindowTokens: optional(fc.integer({ min: 1 })),
      }),
    ),
  });

  it('keeps every text and number, and writes no null', () => {
    fc.assert(
      fc.property(input, (context) => {
        const body = toCreateContextBody(context as Parameters<typeof toCreateContextBody>[0]);
        expect(JSON.stringify(body)).not.toMatch(/:null[,}]/);
        expect(body.model).toBe(context.model);
        expect(body.messages.map(({ content }) => content ?? null)).toEqual(
          context.messages.map(({ content }) => content ?? null),
        );
        expect(body.messages.map(({ role }) => role?.toUpperCase() ?? null)).toEqual(
          context.messages.map(({ role }) => role ?? null),
        );
        expect(body.mode?.toUpperCase() ?? null).toBe(context.mode ?? null);
        expect(body.ttl ?? null).toBe(context.ttl ?? null);
      }),
    );
  });
});
