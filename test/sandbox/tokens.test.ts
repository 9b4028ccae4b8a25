import { countTokens } from 'gpt-tokenizer/encoding/p50k_base';
import { tokenCounter } from '../../src/sandbox/tokens.js';

describe('the sandbox’s count of tokens', () => {
  it.each([
    ['nothing', ''],
    ['words', 'word '.repeat(1_100)],
    ['sentences with marks, lines and blanks', 'Be kind, 你好!  It’s\n\n\t42.  '.repeat(200)],
    ['a control token', 'a <|endoftext|> b'],
    ['a word of 255 characters', `is ${'x'.repeat(255)} long`],
  ])('is the tokenizer’s for %s', async (_, text) => {
    const count = await tokenCounter();
    expect(count(text)).toBe(countTokens(text, { disallowedSpecial: new Set() }));
  });

  it.each([
    ['letters', 'x'],
    ['Chinese', '的'],
    ['blanks', ' '],
    ['marks', '='],
    ['characters of two code units', '😀'],
  ])('grows with the length of a word of %s, and so does the time it takes', async (_, unit) => {
    const count = await tokenCounter();
    const short = count(unit.repeat(256));
    const began = performance.now();
    expect(count(unit.repeat(256 * 250))).toBe(short * 250);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
