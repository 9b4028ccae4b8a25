type CountTokens = (text: string) => number;

let tokenizer: Promise<CountTokens> | undefined;

/**
 * Loaded when it is first needed. Models have tokenizers of their own; cl100k_base counts half of what p50k_base does for Chinese, and
 * loads in half the time and memory of o200k_base.
 */
function loadTokenizer(): Promise<CountTokens> {
  tokenizer ??= import('gpt-tokenizer/encoding/cl100k_base').then(
    ({ countTokens }) =>
      // What looks like a control token is counted as the text it is.
      (text) =>
        countTokens(text, { disallowedSpecial: new Set() }),
  );
  return tokenizer;
}

/** Characters that are counted at once: a tokenizer takes quadratic time for a long word. */
const PIECE = 256;
/** Longer texts are estimated from so many pieces, evenly spread. */
const PIECES = 16;

/** Tokens of a text, estimated: the gateway's own tokenizer is not known. The work is bounded, however long the text is. */
export async function estimateTokens(text: string): Promise<number> {
  if (text === '') return 0;
  const count = await loadTokenizer();
  const step = Math.max(PIECE, text.length / PIECES);
  let counted = 0;
  let tokens = 0;
  for (let at = 0; at < text.length; at += step) {
    const piece = text.slice(Math.floor(at), Math.floor(at) + PIECE);
    counted += piece.length;
    tokens += count(piece);
  }
  return Math.ceil((tokens * text.length) / counted);
}

/** Tokens of the messages of one request. */
export function estimateMessages(messages: readonly { content?: string | null }[]): Promise<number> {
  return estimateTokens(messages.map(({ content }) => content ?? '').join('\n'));
}

/** A text that comes in pieces, of which only the beginning is kept. */
export class GrowingText {
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
