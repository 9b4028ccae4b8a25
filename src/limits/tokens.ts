type CountTokens = (text: string) => number;

let tokenizer: Promise<CountTokens> | undefined;

/**
 * Loaded on first use. Each model has its own tokenizer; of the common ones, cl100k_base gives half of p50k_base's count for Chinese, and
 * loads in half the time and memory of o200k_base.
 */
function loadTokenizer(): Promise<CountTokens> {
  tokenizer ??= import('gpt-tokenizer/encoding/cl100k_base').then(
    ({ countTokens }) =>
      // Count control tokens in a prompt as plain text.
      (text) =>
        countTokens(text, { disallowedSpecial: new Set() }),
  );
  return tokenizer;
}

/** Characters per tokenizer call, which takes quadratic time for long words. */
const PIECE = 256;
/** Longer texts are estimated from this many pieces, evenly spread. */
const PIECES = 16;

/** Estimates a text's tokens, since the gateway's tokenizer is unknown. The work is bounded for texts of any length. */
export async function estimateTokens(text: string): Promise<number> {
  if (text === '') return 0;
  const count = await loadTokenizer();
  const step = Math.max(PIECE, text.length / PIECES);
  let characters = 0;
  let tokens = 0;
  for (let at = 0; at < text.length; at += step) {
    const piece = text.slice(Math.floor(at), Math.floor(at) + PIECE);
    characters += piece.length;
    tokens += count(piece);
  }
  return Math.ceil((tokens * text.length) / characters);
}

/** Estimates the tokens of one request's messages. */
export function estimateMessages(messages: readonly { content?: string | null }[]): Promise<number> {
  return estimateTokens(messages.map(({ content }) => content ?? '').join('\n'));
}

/** A streamed text, estimated from its beginning; the rest is not kept. */
export class StreamedText {
  private beginning = '';
  private length = 0;

  add(piece: string | null): void {
    if (piece === null) return;
    this.length += piece.length;
    if (this.beginning.length < 8 * PIECE) this.beginning += piece;
  }

  async estimateTokens(): Promise<number> {
    if (this.length === 0) return 0;
    const tokens = await estimateTokens(this.beginning);
    return Math.ceil((tokens * this.length) / this.beginning.length);
  }
}
