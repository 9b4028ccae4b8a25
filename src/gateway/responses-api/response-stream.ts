import { cutShort } from '../errors/gateway-error.js';
import type { PartsReader } from '../http/streamed-parts.js';
import { asObject, asText, type JsonObject } from '../json.js';
import type { ChatAnswerDelta, ChatAnswerHead, NewChat, OnUsage } from '../types.js';
import { fromChatAnswer, fromHead, fromStatus } from './mapping.js';

/** Maps the events of a streamed response to deltas and the head. */
export class ResponseStreamReader implements PartsReader<ChatAnswerDelta, ChatAnswerHead> {
  private head: ChatAnswerHead | undefined;
  private deltas = 0;

  constructor(
    private readonly asked: NewChat,
    private readonly onUsage?: OnUsage,
  ) {}

  readChunk(event: JsonObject): ChatAnswerDelta[] {
    const parts = this.partsOf(event);
    this.deltas += parts.length;
    if (this.head?.usage) this.onUsage?.(this.head.usage, this.deltas);
    return parts;
  }

  readAnswer(answer: JsonObject): ChatAnswerDelta[] {
    const { choices, ...head } = fromChatAnswer(answer, this.asked);
    this.head = head;
    return choices.map(({ index, message, finishReason }) => ({ index, ...message, finishReason }));
  }

  /** `response.failed`, and an `error` that only its data names. */
  refusalIn(event: JsonObject): unknown {
    if (event.type === 'error') return { error: event.error ?? event };
    if (event.type !== 'response.failed') return undefined;
    return { error: asObject(event.response)?.error, status: 'failed' };
  }

  /** Not every host sends `[DONE]`, nor closes the connection behind the last event. */
  get isOver(): boolean {
    return this.head !== undefined;
  }

  finish(): ChatAnswerHead {
    if (!this.head) throw cutShort();
    return this.head;
  }

  private partsOf({ type, delta, response }: JsonObject): ChatAnswerDelta[] {
    if (type === 'response.output_text.delta') return said({ content: asText(delta) });
    if (type === 'response.reasoning_summary_text.delta') return said({ reasoningContent: asText(delta) });
    const ended = asObject(response);
    if (ended === null || (type !== 'response.completed' && type !== 'response.incomplete')) return [];
    this.head = fromHead(ended, this.asked);
    return [newDelta({ finishReason: fromStatus(ended) })];
  }
}

function said(text: Partial<Pick<ChatAnswerDelta, 'content' | 'reasoningContent'>>): ChatAnswerDelta[] {
  const isEmpty = text.content == null && text.reasoningContent == null;
  return isEmpty ? [] : [newDelta(text)];
}

function newDelta(change: Partial<ChatAnswerDelta>): ChatAnswerDelta {
  return { index: 0, role: null, content: null, reasoningContent: null, finishReason: null, ...change };
}
