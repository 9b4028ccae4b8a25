import { toTotals } from '../contexts/records.js';
import type { ChatAnswerDelta, GatewayUsage } from '../gateway/types.js';
import { StreamedText } from '../limits/tokens.js';
import type { Totals } from '../store/store.js';

/** What one chat has used so far: the gateway's latest count, and an estimate of the text since. */
export class ChatUsage {
  /** As the gateway reported it last; null if it has not. */
  reported: GatewayUsage | null = null;
  private text = new StreamedText();
  private deltas = 0;
  private coveredDeltas = 0;

  /** `estimatePrompt` is used if the gateway never counts. */
  constructor(private readonly estimatePrompt: () => Promise<number>) {}

  addText({ content, reasoningContent }: Pick<ChatAnswerDelta, 'content' | 'reasoningContent'>): void {
    this.deltas++;
    if (this.deltas <= this.coveredDeltas) return;
    this.text.add(content);
    this.text.add(reasoningContent);
  }

  /** `deltas`: how many of the answer's deltas it covers, also such as were not added yet; left out: all of the answer. */
  setCount(usage: GatewayUsage, deltas = Number.MAX_SAFE_INTEGER): void {
    this.reported = usage;
    this.coveredDeltas = deltas;
    this.text = new StreamedText();
  }

  async totals(chats: number): Promise<Totals> {
    const counted = toTotals(this.reported);
    const prompt = this.reported ? 0 : await this.estimatePrompt();
    const completion = await this.text.estimateTokens();
    return {
      ...counted,
      chats,
      promptTokens: counted.promptTokens + prompt,
      completionTokens: counted.completionTokens + completion,
      estimatedTokens: prompt + completion,
    };
  }
}
