import { cutShort } from '../errors/gateway-error.js';
import type { PartsReader } from '../http/streamed-parts.js';
import { asObject, asOneOf, asText, type JsonObject, type Spellings } from '../json.js';
import type { ChatAnswerDelta, ChatAnswerHead, NewChat, OnUsage } from '../types.js';
import { fromChatAnswer, fromHead, fromStatus, saidIn } from './mapping.js';

type Said = 'content' | 'reasoningContent';
/** The events that carry text. Reasoning comes in full or as a summary. */
const TEXTS: Spellings<Said> = [
  ['response.output_text.delta', 'content'],
  ['response.refusal.delta', 'content'],
  ['response.reasoning_summary_text.delta', 'reasoningContent'],
  ['response.reasoning_text.delta', 'reasoningContent'],
];

/** Maps the events of a streamed response to deltas and the head. */
export class ResponseStreamReader implements PartsReader<ChatAnswerDelta, ChatAnswerHead> {
  private head: ChatAnswerHead | undefined;
  private deltas = 0;
  /** What has come in pieces. */
  private readonly streamed = new Set<Said>();

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
    const kind = asOneOf(type, TEXTS);
    if (kind !== null) return this.piece(kind, asText(delta));
    const ended = asObject(response);
    if (ended === null || (type !== 'response.completed' && type !== 'response.incomplete')) return [];
    this.head = fromHead(ended, this.asked);
    return [newDelta({ ...this.notStreamed(ended), finishReason: fromStatus(ended) })];
  }

  private piece(kind: Said, text: string | null): ChatAnswerDelta[] {
    if (!text) return [];
    this.streamed.add(kind);
    return [newDelta({ [kind]: text })];
  }

  /** Some hosts send the whole text with the last event only. */
  private notStreamed(ended: JsonObject): Partial<ChatAnswerDelta> {
    const { content, reasoningContent } = saidIn(ended);
    return {
      ...(!this.streamed.has('content') && { content }),
      ...(!this.streamed.has('reasoningContent') && { reasoningContent }),
    };
  }
}

function newDelta(change: Partial<ChatAnswerDelta>): ChatAnswerDelta {
  return { index: 0, role: null, content: null, reasoningContent: null, finishReason: null, ...change };
}
