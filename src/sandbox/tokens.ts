export type CountTokens = (text: string) => number;

let counter: Promise<CountTokens> | undefined;

/**
 * A real tokenizer, loaded when it is first needed. p50k_base takes 65 ms and 21 MB; cl100k_base would take 90 ms
 * and 40 MB, o200k_base 250 ms and 67 MB.
 */
export function tokenCounter(): Promise<CountTokens> {
  counter ??= import('gpt-tokenizer/encoding/p50k_base').then(
    ({ countTokens }) =>
      // A prompt may hold what looks like a control token: it is counted as the text it is.
      (text) =>
        countTokens(text, { disallowedSpecial: new Set() }),
  );
  return counter;
}
