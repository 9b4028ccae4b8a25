import fc from 'fast-check';
import { fromChatAnswer, fromChatChunk } from '../../src/gateway/context-api/chat-mapping.js';
import { contentOf } from '../../src/gateway/context-api/content.js';
import { usageOf } from '../../src/gateway/context-api/usage.js';
import { asDate, asSeconds } from '../../src/gateway/json.js';

describe('what a message says', () => {
  it.each<[object, string | null, string | null]>([
    [{ content: 'a' }, 'a', null],
    [{ content: '' }, '', null],
    [{ content: null }, null, null],
    [{ content: 'a', reasoning_content: 'r' }, 'a', 'r'],
    [{ reasoning: 'r' }, null, 'r'],
    [{ reasoning_text: 'r' }, null, 'r'],
    [{ thinking: 'r', content: 'a' }, 'a', 'r'],
    [{ reasoning: 'r', reasoning_content: 'r' }, null, 'r'],
    [{ reasoning_content: '', reasoning: 'r' }, null, 'r'],
    [{ content: '', reasoning_content: '' }, '', ''],
    [{ content: null, refusal: 'no' }, 'no', null],
    [{ content: 'a', refusal: '' }, 'a', null],
    [{ content: ['a', 'b'] }, 'ab', null],
    [
      {
        content: [
          { type: 'text', text: 'a' },
          { type: 'output_text', text: 'b' },
        ],
      },
      'ab',
      null,
    ],
    [{ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'r' }] }, { text: 'a' }] }, 'a', 'r'],
    [{ content: [{ type: 'reasoning', summary: [{ text: 'r' }] }] }, null, 'r'],
    [
      {
        content: [
          { text: 'r', thought: true },
          { type: 'refusal', refusal: 'no' },
        ],
      },
      'no',
      'r',
    ],
    [{ content: { parts: [{ text: 'a' }, { text: 'b' }] } }, 'ab', null],
    [{ content: [{ type: 'image_url', image_url: { url: 'x' } }] }, null, null],
    [{ content: 7 }, null, null],
  ])('%j', (said, content, reasoningContent) => {
    expect(contentOf(said as never)).toEqual({ content, reasoningContent });
  });

  it('is every text of a list of parts, in its order', () => {
    const text = fc.string();
    const part = fc.oneof(
      text,
      text.map((value) => ({ type: 'text', text: value })),
      text.map((value) => [{ text: value }]),
    );
    const textIn = (one: unknown): string =>
      Array.isArray(one) ? textIn(one[0]) : typeof one === 'string' ? one : (one as { text: string }).text;
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), (parts) => {
        expect(contentOf({ content: parts }).content).toBe(parts.map(textIn).join(''));
      }),
    );
  });
});

describe('a choice', () => {
  const asked = { contextId: 'ctx-1', model: 'm', messages: [] };

  it('has its text in a delta, a whole message, or at its top', () => {
    for (const choice of [{ delta: { content: 'a' } }, { message: { content: 'a' } }, { text: 'a' }]) {
      expect(fromChatChunk({ choices: [choice] })).toMatchObject([{ content: 'a' }]);
      expect(fromChatAnswer({ choices: [choice] }, asked).choices).toMatchObject([
        { message: { content: 'a' } },
      ]);
    }
  });

  it.each([
    ['STOP', 'STOP'],
    ['end_turn', 'STOP'],
    ['MAX_TOKENS', 'LENGTH'],
    ['SAFETY', 'CONTENT_FILTER'],
    ['function_call', 'TOOL_CALLS'],
    ['Tool_Use', 'TOOL_CALLS'],
    ['surprise', 'OTHER'],
    ['null', null],
    ['FINISH_REASON_UNSPECIFIED', null],
    ['', null],
    [null, null],
  ])('that ends with %p ends with %p', (reason, wanted) => {
    const [choice] = fromChatAnswer({ choices: [{ finish_reason: reason }] }, asked).choices;
    expect(choice?.finishReason).toBe(wanted);
  });
});

describe('the count of tokens', () => {
  it.each<[string, object, (number | null)[]]>([
    // Then: prompt, completion, total, cached.
    [
      'OpenAI’s',
      {
        prompt_tokens: 9,
        completion_tokens: 2,
        total_tokens: 11,
        prompt_tokens_details: { cached_tokens: 4 },
      },
      [9, 2, 11, 4],
    ],
    [
      'DeepSeek’s',
      { prompt_tokens: 9, prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 5 },
      [9, 0, 9, 4],
    ],
    ['Anthropic’s', { input_tokens: 9, output_tokens: 2, cache_read_input_tokens: 4 }, [9, 2, 11, 4]],
    [
      'that of OpenAI’s responses',
      { input_tokens: 9, output_tokens: 2, input_tokens_details: { cached_tokens: 4 } },
      [9, 2, 11, 4],
    ],
    ['Moonshot’s', { prompt_tokens: 9, cached_tokens: 4 }, [9, 0, 9, 4]],
    [
      'one with zeros in the other spellings',
      {
        prompt_tokens: 9,
        input_tokens: 0,
        prompt_tokens_details: { cached_tokens: 0 },
        prompt_cache_hit_tokens: 4,
      },
      [9, 0, 9, 4],
    ],
    [
      'one without the cached tokens',
      {
        prompt_tokens: 25,
        completion_tokens: 5,
        total_tokens: 30,
        prompt_tokens_details: { cached_tokens: 4375 },
      },
      [4400, 5, 4405, 4375],
    ],
    ['one without a word on the cache', { prompt_tokens: 9 }, [9, 0, 9, null]],
  ])('is read in %s spelling', (_, usage, [prompt, completion, total, cached]) => {
    expect(usageOf({ usage })).toMatchObject({
      promptTokens: prompt,
      completionTokens: completion,
      totalTokens: total,
      promptTokensDetails: cached === null ? null : { cachedTokens: cached },
    });
  });

  it('may stand in the first choice, or be Google’s', () => {
    expect(usageOf({ choices: [{ usage: { prompt_tokens: 9 } }] })).toMatchObject({ promptTokens: 9 });
    const usageMetadata = {
      promptTokenCount: 9,
      candidatesTokenCount: 2,
      totalTokenCount: 11,
      cachedContentTokenCount: 4,
    };
    expect(usageOf({ usageMetadata })).toMatchObject({
      promptTokens: 9,
      totalTokens: 11,
      promptTokensDetails: { cachedTokens: 4 },
    });
  });

  it('has Google’s thoughts among the completion, which Google counts apart', () => {
    const counts = { promptTokenCount: 100, candidatesTokenCount: 10, totalTokenCount: 610 };
    expect(usageOf({ usageMetadata: { ...counts, thoughtsTokenCount: 500 } })).toMatchObject({
      ...{ promptTokens: 100, completionTokens: 510, totalTokens: 610 },
      completionTokensDetails: { reasoningTokens: 500 },
    });
    // Before the first word there are thoughts alone.
    const thinking = { promptTokenCount: 100, thoughtsTokenCount: 500 };
    expect(usageOf({ usageMetadata: thinking })).toMatchObject({ completionTokens: 500, totalTokens: 600 });
    const translated = {
      prompt_tokens: 100,
      completion_tokens: 510,
      total_tokens: 610,
      thoughtsTokenCount: 500,
    };
    expect(usageOf({ usage: translated })).toMatchObject({ completionTokens: 510, totalTokens: 610 });
  });

  it('never has more cached tokens than tokens, nor a sum below its parts where it adds up itself', () => {
    const count = fc.option(fc.nat({ max: 2 ** 31 - 1 }), { nil: undefined });
    fc.assert(
      fc.property(count, count, count, (prompt_tokens, cached_tokens, completion_tokens) => {
        const usage = usageOf({ usage: { prompt_tokens, cached_tokens, completion_tokens } });
        if (!usage) return;
        const { promptTokens, completionTokens, totalTokens, promptTokensDetails } = usage;
        expect(promptTokensDetails?.cachedTokens ?? 0).toBeLessThanOrEqual(promptTokens);
        expect(totalTokens).toBe(Math.min(promptTokens + completionTokens, 2 ** 31 - 1));
      }),
    );
  });
});

describe('a time', () => {
  const date = '2024-11-19T07:06:40.000Z';
  it.each([
    [1_732_000_000, date],
    [1_732_000_000.25, date],
    [1_732_000_000_000, date],
    ['1732000000', date],
    ['1732000000.5', date],
    ['1732000000000', date],
    ['2024-11-19T07:06:40Z', date],
    [0, null],
    [-1, null],
    ['soon', null],
    [1e300, null],
  ])('%p is %p', (value, wanted) => {
    expect(asDate(value)?.toISOString() ?? null).toBe(wanted);
  });

  it.each([
    [300, 300],
    [300.0, 300],
    ['300', 300],
    ['300s', 300],
    ['300.5s', 300],
    [0, 0],
    [-1, null],
    ['5m', null],
    ['', null],
    [{}, null],
  ])('to live of %p is %p seconds', (value, wanted) => {
    expect(asSeconds(value)).toBe(wanted);
  });
});
