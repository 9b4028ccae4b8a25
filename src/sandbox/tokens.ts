export type CountTokens = (text: string) => number;

let counter: Promise<CountTokens> | undefined;

/** Loaded on first use. p50k_base is the smallest tokenizer: 65 ms and 21 MB; cl100k_base takes 90 ms and 40 MB. */
export function tokenCounter(): Promise<CountTokens> {
  counter ??= import('gpt-tokenizer/encoding/p50k_base').then(
    ({ countTokens }) =>
      // Count control tokens in a prompt as plain text.
      (text) =>
        countTokens(text, { disallowedSpecial: new Set() }),
  );
  return counter;
}
