import fc from 'fast-check';
import { estimateMessages, estimateTokens, StreamedText } from '../../src/limits/tokens.js';

describe('the estimate of a text’s tokens', () => {
  it.each([
    ['', 0],
    ['hello', 1],
    ['one two three', 3],
    ['<|endoftext|>', 7],
  ])('of %p is %p', async (text, tokens) => {
    expect(await estimateTokens(text)).toBe(tokens);
  });

  it('is at least 1, and at most the bytes, of any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10_000 }), async (text) => {
        const tokens = await estimateTokens(text);
        expect(tokens).toBeGreaterThanOrEqual(1);
        // A piece may be cut inside of a character, which then counts for two.
        expect(tokens).toBeLessThanOrEqual(Buffer.byteLength(text) + 6 * Math.ceil(text.length / 256));
      }),
    );
  });

  it.each([
    ['English', 'The quick brown fox jumps over the lazy dog. '],
    ['Chinese', '缓存上下文可以显著降低大模型调用的成本。'],
  ])('of a long text in %s is close to the exact count', async (_, sentence) => {
    const per = (await estimateTokens(sentence.repeat(4))) / 4;
    const tokens = await estimateTokens(sentence.repeat(10_000));
    expect(tokens / (per * 10_000)).toBeGreaterThan(0.9);
    expect(tokens / (per * 10_000)).toBeLessThan(1.15);
  });

  it('takes bounded work for the largest text of the worst kind', async () => {
    await estimateTokens('a');
    const began = process.cpuUsage();
    await estimateTokens('a'.repeat(4_000_000));
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1_000).toBeLessThan(3_000);
  });

  it('samples all of a long text, not only its beginning', async () => {
    const mixed = ' '.repeat(100_000) + '上'.repeat(100_000);
    expect(await estimateTokens(mixed)).toBeGreaterThan(50_000);
  });

  it('of messages counts all contents and no roles', async () => {
    expect(await estimateMessages([{ content: 'hello' }, { content: null }, {}])).toBeLessThanOrEqual(3);
    expect(await estimateMessages([{ content: 'hello' }, { content: 'hello' }])).toBeGreaterThan(1);
  });

  it('of a streamed text is exact while it is short, and grows with it', async () => {
    const text = new StreamedText();
    for (const piece of ['one', ' two', null, ' three']) text.add(piece);
    expect(await text.estimateTokens()).toBe(3);
    for (let more = 0; more < 100_000; more++) text.add(' three');
    expect(await text.estimateTokens()).toBeGreaterThan(90_000);
    expect(JSON.stringify(text).length).toBeLessThan(5_000);
  });
});
