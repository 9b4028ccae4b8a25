import { cutShort } from '../errors/gateway-error.js';
import type { PartsReader } from '../http/streamed-parts.js';
import { asArray, asName, asObject, type JsonObject } from '../json.js';
import type { ChatAnswerDelta, ChatAnswerHead, NewChat, OnUsage } from '../types.js';
import { fromChatAnswer, fromChatChunk, fromChatHead } from './chat-mapping.js';

/** Maps the chunks of a streamed chat to deltas and the head. */
export class ChatStreamReader implements PartsReader<ChatAnswerDelta, ChatAnswerHead> {
  private head: ChatAnswerHead;
  /** Whether each choice has a finish reason. */
  private readonly finished = new Map<number, boolean>();
  /** Of the last delta; most deltas belong to the same choice and need no look-up. */
  private latest: number | undefined;
  /** Deltas so far. */
  private deltas = 0;

  constructor(
    private readonly asked: NewChat,
    private readonly onUsage?: OnUsage,
  ) {
    this.head = fromChatHead({}, asked);
  }

  readChunk(chunk: JsonObject): ChatAnswerDelta[] {
    const deltas = fromChatChunk(chunk);
    this.deltas += deltas.length;
    this.rememberHead(chunk);
    for (const { index, finishReason } of deltas) {
      if (index === this.latest && finishReason === null) continue;
      this.latest = index;
      if (!this.finished.get(index)) this.finished.set(index, finishReason !== null);
    }
    return deltas;
  }

  readAnswer(answer: JsonObject): ChatAnswerDelta[] {
    const { choices, ...head } = fromChatAnswer(answer, this.asked);
    this.head = head;
    return choices.map(({ index, message, finishReason }) => ({ index, ...message, finishReason }));
  }

  finish(isDone: boolean): ChatAnswerHead {
    // Some gateways leave out `[DONE]`: a response whose every choice has a finish reason is complete.
    if (!isDone && !this.isFinished) throw cutShort();
    return this.head;
  }

  /** The usage comes last. */
  get isWhole(): boolean {
    return this.isFinished && this.head.usage !== null;
  }

  private get isFinished(): boolean {
    return this.finished.size > 0 && [...this.finished.values()].every(Boolean);
  }

  /** Each chunk carries id and model; only the last one counts tokens. */
  private rememberHead(chunk: JsonObject): void {
    const { head: known } = this;
    const isNamed = known.id !== null && known.created !== null && chunk.model === known.model;
    if (isNamed && !mayCount(chunk)) return;
    const head = fromChatHead(chunk, this.asked);
    known.id ??= head.id;
    known.model = asName(chunk.model) || known.model;
    known.created ??= head.created;
    known.usage = head.usage ?? known.usage;
    if (head.usage) this.onUsage?.(head.usage, this.deltas);
  }
}

/** Some gateways put the usage into the last chunk of a choice. */
function mayCount({ usage, usageMetadata, choices }: JsonObject): boolean {
  if (usage != null || usageMetadata != null) return true;
  const choice = asObject(asArray(choices)?.[0]);
  return choice?.finish_reason != null || choice?.usage != null;
}
