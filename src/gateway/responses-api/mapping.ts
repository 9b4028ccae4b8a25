/** Ark's responses and our spelling. */

import { type Content, contentOf } from '../context-api/content.js';
import { usageOf } from '../context-api/usage.js';
import { badResponse } from '../errors/gateway-error.js';
import { asArray, asDate, asName, asObject, asText, type JsonObject } from '../json.js';
import {
  type ChatAnswer,
  type ChatAnswerHead,
  ContextMode,
  type CreatedContext,
  FinishReason,
  type Message,
  MessageRole,
  type NewChat,
  type NewContext,
} from '../types.js';
import type { WireItem, WireResponseRequest } from './wire.js';

const WIRE_ROLE = { SYSTEM: 'system', USER: 'user', ASSISTANT: 'assistant' } as const;
/** The types of items with text for the user; others are calls of tools. */
const SAID = /^(message|reasoning)$/;
/** Characters. */
const MAX_ID = 1_024;

/** Seconds until a response ends, unless a call says otherwise: three days (Volcengine 82379/1569618). */
const DEFAULT_TTL = 259_200;

/** Creates a cache without an answer; a session continues from it. */
export function toCreationBody({ model, messages, ttl }: NewContext, now: number): WireResponseRequest {
  const expiry = ttl == null ? {} : { expire_at: Math.floor(now / 1_000) + ttl };
  return {
    model,
    input: messages.map(toItem),
    caching: { type: 'enabled', prefix: true },
    store: true,
    ...expiry,
  };
}

/** `keepsHistory`: the answer becomes a part of the chain, which ends when its beginning does. */
export function toChatBody(chat: NewChat, keepsHistory: boolean, expiresAt?: number): WireResponseRequest {
  const { model, contextId, messages, temperature, topP, maxTokens } = chat;
  const expiry = expiresAt === undefined ? {} : { expire_at: Math.floor(expiresAt / 1_000) };
  return {
    model,
    previous_response_id: contextId,
    input: messages.map(toItem),
    ...(keepsHistory ? { caching: { type: 'enabled' }, store: true, ...expiry } : { store: false }),
    temperature: temperature ?? undefined,
    top_p: topP ?? undefined,
    max_output_tokens: maxTokens ?? undefined,
  };
}

/** A message without a role is the user's. */
function toItem({ role, content }: Message): WireItem {
  return { role: WIRE_ROLE[role ?? MessageRole.USER], content: content ?? '' };
}

export function fromCreation(answer: JsonObject, asked: NewContext, now: number): CreatedContext {
  const createdAt = asDate(answer.created_at)?.getTime() ?? now;
  const end = asDate(answer.expire_at)?.getTime();
  const kept = end === undefined ? DEFAULT_TTL : Math.max(0, Math.round((end - createdAt) / 1_000));
  const ttl = asked.ttl ?? kept;
  return {
    id: idOf(answer),
    model: asked.model,
    mode: asked.mode ?? ContextMode.SESSION,
    ttl,
    expiresAt: end ?? now + ttl * 1_000,
    truncationStrategy: null,
    usage: usageOf(answer),
  };
}

export function fromChatAnswer(answer: JsonObject, asked: NewChat): ChatAnswer {
  if (asArray(answer.output) === null) throw badResponse('it has no output');
  const message = { role: MessageRole.ASSISTANT, ...saidIn(answer) };
  return {
    ...fromHead(answer, asked),
    choices: [{ index: 0, message, finishReason: fromStatus(answer) }],
  };
}

export function fromHead(answer: JsonObject, asked: NewChat): ChatAnswerHead {
  return {
    id: idOf(answer),
    model: asName(answer.model) || asked.model,
    created: asDate(answer.created_at),
    usage: usageOf(answer),
  };
}

/** Of an answer that has ended. */
export function fromStatus({ status, incomplete_details: details }: JsonObject): FinishReason {
  if (status === 'completed') return FinishReason.STOP;
  const reason = asText(asObject(details)?.reason) ?? '';
  if (reason === 'content_filter') return FinishReason.CONTENT_FILTER;
  return /length|max_output_tokens/.test(reason) ? FinishReason.LENGTH : FinishReason.OTHER;
}

/** The texts and refusals of its messages, and its reasoning, in full or as a summary. */
export function saidIn({ output }: JsonObject): Content {
  const said = (asArray(output) ?? []).filter((item) => SAID.test(asText(asObject(item)?.type) ?? ''));
  return contentOf({ content: said });
}

/** Later calls name it. */
function idOf({ id }: JsonObject): string {
  const text = asText(id);
  if (!text?.trim()) throw badResponse('it has no id');
  if (text.length > MAX_ID) throw badResponse(`its id is longer than ${MAX_ID} characters`);
  return text;
}
