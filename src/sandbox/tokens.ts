export type CountTokens = (text: string) => number;

let counter: Promise<CountTokens> | undefined;

/** The tokenizer takes quadratic time for long words, such as Chinese without blanks. It gets only these in pieces: cuts change the count. */
const LONG_WORDS = /(\S{256}|\s{256})/u;

/** Loaded on first use. p50k_base is the smallest tokenizer: 65 ms and 21 MB; cl100k_base takes 90 ms and 40 MB. */
export function tokenCounter(): Promise<CountTokens> {
  counter ??= import('gpt-tokenizer/encoding/p50k_base').then(({ countTokens }) => {
    // Count control tokens in a prompt as plain text.
    const options = { disallowedSpecial: new Set<string>() };
    return (text) => text.split(LONG_WORDS).reduce((total, piece) => total + countTokens(piece, options), 0);
  });
  return counter;
}
