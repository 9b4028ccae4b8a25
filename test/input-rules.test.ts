import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { ChatInput, LogitBiasInput } from '../src/chat/input.js';
import { CreateContextInput, MessageInput, TruncationStrategyInput } from '../src/contexts/input.js';
import { isValid } from '../src/input/compiled-rules.js';

const orMissing = <T>(value: fc.Arbitrary<T>) => fc.oneof(value, fc.constantFrom(null, undefined));
const text = fc.constantFrom(
  'm',
  'n',
  'o',
  'p',
  'q',
  'r',
  '',
  ' ',
  'm',
  'gemini-2.5-pro',
  'a\0b',
  '\ud800',
  'x'.repeat(256),
);
const number = fc.constantFrom(1, 1, 1, 1, 1, -101, -2, -1, 0, 0.5, 1, 2, 3, 300, 3_600, 604_800, 604_801);
const of = <T extends object>(inputClass: new () => T, fields: { [key: string]: fc.Arbitrary<unknown> }) =>
  fc.record(fields).map((plain) => Object.assign(new inputClass(), plain));

const messages = fc.array(
  of(MessageInput, {
    role: orMissing(fc.constantFrom('SYSTEM', 'USER', 'ASSISTANT')),
    content: orMissing(text),
  }),
  { maxLength: 3 },
);
const context = of(CreateContextInput, {
  model: text,
  messages,
  mode: orMissing(fc.constantFrom('SESSION', 'COMMON_PREFIX')),
  ttl: orMissing(number),
  truncationStrategy: orMissing(
    of(TruncationStrategyInput, {
      type: fc.constantFrom('LAST_HISTORY_TOKENS', 'ROLLING_TOKENS'),
      lastHistoryTokens: orMissing(number),
      rollingTokens: orMissing(fc.boolean()),
      maxWindowTokens: orMissing(number),
      rollingWindowTokens: orMissing(number),
    }),
  ),
  reuse: orMissing(fc.boolean()),
  idempotencyKey: orMissing(text),
});
const chat = of(ChatInput, {
  contextId: text,
  messages,
  model: orMissing(text),
  temperature: orMissing(number),
  topP: orMissing(number),
  n: orMissing(number),
  maxTokens: orMissing(number),
  stop: orMissing(fc.array(text, { maxLength: 5 })),
  presencePenalty: orMissing(number),
  logitBias: orMissing(fc.array(of(LogitBiasInput, { token: fc.constantFrom('1', 'x'), bias: number }))),
});

describe('the compiled rules of an input', () => {
  it.each([
    ['createContext', context],
    ['chat', chat],
  ])('find an input of %s valid exactly if class-validator does', (_, input) => {
    let sound = 0;
    fc.assert(
      fc.property(input as fc.Arbitrary<object>, (one) => {
        const errors = validateSync(one, { forbidUnknownValues: false });
        if (errors.length === 0) sound++;
        expect(isValid(one)).toBe(errors.length === 0);
      }),
      { numRuns: 1_000 },
    );
    expect(sound).toBeGreaterThan(0);
  });
});
