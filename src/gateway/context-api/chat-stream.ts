import { cutShort } from '../errors/gateway-error.js';
import type { EventsReader } from '../http/events.js';
import { asArray, asObject, type JsonObject } from '../json.js';
import type { ChatAnswerDelta, ChatAnswerHead, GatewayUsage, NewChat } from '../types.js';
import { fromChatAnswer, fromChatChunk, fromChatHead } from './mapping.js';

/** Reads a streamed chat: deltas, and how it ended. */
export class ChatStreamReader implements EventsReader<ChatAnswerDelta, ChatAnswerHead> {
  end: ChatAnswerHead;
  /** Whether each choice gave a reason to finish. */
  private readonly finished = new Map<number, boolean>();
  /** The choice of the last delta, which most go on with: those need no look at the map. */
  private latest: number | undefined;

  constructor(
    private readonly asked: NewChat,
    private readonly onUsage?: (usage: GatewayUsage) => void,
  ) {
    this.end = fromChatHead({}, asked);
  }

  readChunk(chunk: JsonObject): ChatAnswerDelta[] {
    this.rememberHead(chunk);
    const deltas = fromChatChunk(chunk);
    for (const { index, finishReason } of deltas) {
      if (index === this.latest && finishReason === null) continue;
      this.latest = index;
      if (!this.finished.get(index)) this.finished.set(index, finishReason !== null);
    }
    return deltas;
  }

  readAnswer(answer: JsonObject): ChatAnswerDelta[] {
    const { choices, ...head } = fromChatAnswer(answer, this.asked);
    this.end = head;
    return choices.map(({ index, message, finishReason }) => ({ index, ...message, finishReason }));
  }

  finish(isDone: boolean): void {
    if (isDone) return;
    // Some gateways leave out `[DONE]`: an answer whose every choice gave a reason to finish is whole.
    if (this.finished.size === 0 || ![...this.finished.values()].every(Boolean)) throw cutShort();
  }

  /** Each chunk names the answer, and only the last one counts its tokens. */
  private rememberHead(chunk: JsonObject): void {
    const { end } = this;
    const isNamed = end.id !== null && end.created !== null && chunk.model === end.model;
    if (isNamed && !mayCount(chunk)) return;
    const head = fromChatHead(chunk, this.asked);
    end.id ??= head.id;
    end.model = head.model;
    end.created ??= head.created;
    end.usage = head.usage ?? end.usage;
    if (head.usage) this.onUsage?.(head.usage);
  }
}

/** A choice has its own count with the last of its chunks. */
function mayCount({ usage, usageMetadata, choices }: JsonObject): boolean {
  if (usage != null || usageMetadata != null) return true;
  const choice = asObject(asArray(choices)?.[0]);
  return choice?.finish_reason != null || choice?.usage != null;
}
