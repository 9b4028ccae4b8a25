/** Chats: the gateway's snake_case and our spelling. */

import { badResponse } from '../errors/gateway-error.js';
import { asArray, asCount, asDate, asName, asObject, asOneOf, asText, type JsonObject } from '../json.js';
import {
  type ChatAnswer,
  type ChatAnswerChoice,
  type ChatAnswerDelta,
  type ChatAnswerHead,
  FinishReason,
  MessageRole,
  type NewChat,
} from '../types.js';
import { type Content, contentOf } from './content.js';
import { usageOf } from './usage.js';
import type { WireChat, WireChatStream } from './wire.js';
import { FINISH_REASONS, NO_REASON, ROLES, toWireMessage } from './words.js';

export function toChatBody(chat: NewChat): WireChat {
  const { temperature, topP, n, maxTokens, stop, presencePenalty, frequencyPenalty, logitBias } = chat;
  return {
    context_id: chat.contextId,
    model: chat.model,
    messages: chat.messages.map(toWireMessage),
    temperature: temperature ?? undefined,
    top_p: topP ?? undefined,
    n: n ?? undefined,
    max_tokens: maxTokens ?? undefined,
    stop: stop ?? undefined,
    presence_penalty: presencePenalty ?? undefined,
    frequency_penalty: frequencyPenalty ?? undefined,
    logit_bias: logitBias ? Object.fromEntries(logitBias.map(({ token, bias }) => [token, bias])) : undefined,
  };
}

/** `counted`: asks for the usage at the end of the stream, which some gateways refuse. */
export function toChatStreamBody(chat: NewChat, { counted = true } = {}): WireChatStream {
  const options = counted ? ({ include_usage: true } as const) : undefined;
  return { ...toChatBody(chat), stream: true, stream_options: options };
}

export function fromChatAnswer(answer: JsonObject, asked: NewChat): ChatAnswer {
  const choices = asArray(answer.choices);
  if (choices === null) throw badResponse('it has no choices');
  return {
    ...fromChatHead(answer, asked),
    choices: choices.map((item, position): ChatAnswerChoice => {
      const choice = asObject(item);
      const message = asObject(choice?.message ?? choice?.delta);
      return {
        index: asCount(choice?.index) ?? position,
        message: {
          role: asOneOf(message?.role, ROLES) ?? MessageRole.ASSISTANT,
          ...saidBy(choice, message),
        },
        finishReason: fromFinishReason(choice?.finish_reason),
      };
    }),
  };
}

export function fromChatHead(answer: JsonObject, asked: NewChat): ChatAnswerHead {
  return {
    id: asText(answer.id) || null,
    model: asName(answer.model) || asked.model,
    created: asDate(answer.created),
    usage: usageOf(answer),
  };
}

/** The deltas of one chunk, without empty ones. */
export function fromChatChunk(chunk: JsonObject): ChatAnswerDelta[] {
  const deltas = (asArray(chunk.choices) ?? []).map(fromChunkChoice);
  return deltas.every(saysSomething) ? deltas : deltas.filter(saysSomething);
}

function fromChunkChoice(item: unknown, position: number): ChatAnswerDelta {
  const choice = asObject(item);
  const said = asObject(choice?.delta ?? choice?.message);
  return {
    index: asCount(choice?.index) ?? position,
    role: asOneOf(said?.role, ROLES),
    ...saidBy(choice, said),
    finishReason: fromFinishReason(choice?.finish_reason),
  };
}

function saysSomething({ role, content, reasoningContent, finishReason }: ChatAnswerDelta): boolean {
  return role !== null || content !== null || reasoningContent !== null || finishReason !== null;
}

/** Old completions have `text` instead of a message. */
function saidBy(choice: JsonObject | null, said: JsonObject | null): Content {
  return said === null && choice !== null ? contentOf({ content: choice.text }) : contentOf(said);
}

function fromFinishReason(value: unknown): FinishReason | null {
  if (value === null || value === undefined) return null;
  const word = asText(value)?.toLowerCase();
  if (word !== undefined && NO_REASON.includes(word)) return null;
  return asOneOf(word, FINISH_REASONS) ?? FinishReason.OTHER;
}
