import { cutShort } from './errors.js';
import type { GatewayEvent } from './events.js';
import type { JsonObject } from './json.js';
import { fromChatAnswer, fromChatChunk, fromChatHead } from './mapping.js';
import type { ChatAnswerHead, ChatAnswerPart, NewChat } from './types.js';

/** Reads a streamed chat: deltas, and one end. */
export class ChatStreamReader {
  private readonly end: ChatAnswerHead;
  /** Whether each choice gave a reason to finish. */
  private readonly finished = new Map<number, boolean>();
  private isOver = false;

  constructor(private readonly asked: NewChat) {
    this.end = fromChatHead({}, asked);
  }

  read(event: GatewayEvent): ChatAnswerPart[] {
    if (event.kind === 'answer') return this.readAnswer(event.body);
    if (event.kind === 'end') return this.conclude(this.end);
    this.rememberHead(event.body);
    return fromChatChunk(event.body).map((delta) => {
      const { index, finishReason } = delta;
      this.finished.set(index, this.finished.get(index) || finishReason !== null);
      return { delta };
    });
  }

  /** No more events come; throws where the answer broke off. */
  finish(): ChatAnswerPart[] {
    if (this.isOver) return [];
    // Some gateways leave out `[DONE]`: an answer whose every choice gave a reason to finish is whole.
    if (this.finished.size === 0 || ![...this.finished.values()].every(Boolean)) throw cutShort();
    return this.conclude(this.end);
  }

  private readAnswer(body: JsonObject): ChatAnswerPart[] {
    const { choices, ...head } = fromChatAnswer(body, this.asked);
    const deltas = choices.map(({ index, message, finishReason }) => ({
      delta: { index, ...message, finishReason },
    }));
    return [...deltas, ...this.conclude(head)];
  }

  private conclude(end: ChatAnswerHead): ChatAnswerPart[] {
    this.isOver = true;
    return [{ end }];
  }

  /** Each chunk names the answer, and only the last one counts its tokens. */
  private rememberHead(chunk: JsonObject): void {
    const { end } = this;
    const isNamed = end.id !== null && end.created !== null && chunk.model === end.model;
    if (isNamed && chunk.usage == null) return;
    const head = fromChatHead(chunk, this.asked);
    end.id ??= head.id;
    end.model = head.model;
    end.created ??= head.created;
    end.usage = head.usage ?? end.usage;
  }
}
