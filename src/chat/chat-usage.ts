import { toTotals } from '../contexts/records.js';
import type { ChatAnswerDelta, GatewayUsage } from '../gateway/types.js';
import { StreamedText } from '../limits/tokens.js';
import type { Totals } from '../registry/store.js';

/** What one chat has used so far: the gateway's latest count, and an estimate of the text since. */
export class ChatUsage {
  private counted: GatewayUsage | null = null;
  private text = new StreamedText();

  /** `estimatePrompt` is used if the gateway never counts. */
  constructor(private readonly estimatePrompt: () => Promise<number>) {}

  /** As the gateway reported it last; null if it has not. */
  get reported(): GatewayUsage | null {
    return this.counted;
  }

  get isCounted(): boolean {
    return this.counted !== null;
  }

  addText({ content, reasoningContent }: Pick<ChatAnswerDelta, 'content' | 'reasoningContent'>): void {
    this.text.add(content);
    this.text.add(reasoningContent);
  }

  setCount(usage: GatewayUsage): void {
    this.counted = usage;
    this.text = new StreamedText();
  }

  async totals(chats: number): Promise<Totals> {
    const counted = toTotals(this.counted);
    const prompt = this.counted ? 0 : await this.estimatePrompt();
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
