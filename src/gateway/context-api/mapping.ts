/** The only file that knows both spellings: the gateway's snake_case and ours. */

import { badResponse } from '../errors/gateway-error.js';
import {
  asArray,
  asBoolean,
  asCount,
  asDate,
  asName,
  asObject,
  asOneOf,
  asSeconds,
  asText,
  type JsonObject,
  type Spellings,
} from '../json.js';
import {
  type ChatAnswer,
  type ChatAnswerChoice,
  type ChatAnswerDelta,
  type ChatAnswerHead,
  ContextMode,
  type CreatedContext,
  FinishReason,
  type GatewayModel,
  type GatewayTruncationStrategy,
  type Message,
  MessageRole,
  type NewChat,
  type NewContext,
  type NewTruncationStrategy,
  TruncationType,
} from '../types.js';
import { type Content, contentOf } from './content.js';
import { isGemini } from './model-families.js';
import { usageOf } from './usage.js';
import type {
  WireChat,
  WireChatStream,
  WireCreateContext,
  WireMessage,
  WireTruncationStrategy,
} from './wire.js';

/** Characters; the longest ids that are known, Google's, have about 80. */
const MAX_ID = 1_024;

const WIRE_MODE = { SESSION: 'session', COMMON_PREFIX: 'common_prefix' } as const;
const WIRE_ROLE = { SYSTEM: 'system', USER: 'user', ASSISTANT: 'assistant' } as const;
const WIRE_TRUNCATION = {
  LAST_HISTORY_TOKENS: 'last_history_tokens',
  ROLLING_TOKENS: 'rolling_tokens',
} as const;

const MODES: Spellings<ContextMode> = [
  [WIRE_MODE.SESSION, ContextMode.SESSION],
  [WIRE_MODE.COMMON_PREFIX, ContextMode.COMMON_PREFIX],
];
const ROLES: Spellings<MessageRole> = [
  [WIRE_ROLE.SYSTEM, MessageRole.SYSTEM],
  [WIRE_ROLE.USER, MessageRole.USER],
  [WIRE_ROLE.ASSISTANT, MessageRole.ASSISTANT],
];
/** In small letters: OpenAI's, then those of Anthropic, of Google and of others. */
const FINISH_REASONS: Spellings<FinishReason> = [
  ['stop', FinishReason.STOP],
  ['length', FinishReason.LENGTH],
  ['content_filter', FinishReason.CONTENT_FILTER],
  ['tool_calls', FinishReason.TOOL_CALLS],
  ['function_call', FinishReason.TOOL_CALLS],
  ['end_turn', FinishReason.STOP],
  ['stop_sequence', FinishReason.STOP],
  ['eos', FinishReason.STOP],
  ['max_tokens', FinishReason.LENGTH],
  ['max_output_tokens', FinishReason.LENGTH],
  ['model_length', FinishReason.LENGTH],
  ['tool_use', FinishReason.TOOL_CALLS],
  ['refusal', FinishReason.CONTENT_FILTER],
  ['safety', FinishReason.CONTENT_FILTER],
  ['recitation', FinishReason.CONTENT_FILTER],
  ['prohibited_content', FinishReason.CONTENT_FILTER],
  ['blocklist', FinishReason.CONTENT_FILTER],
  ['spii', FinishReason.CONTENT_FILTER],
  ['sensitive', FinishReason.CONTENT_FILTER],
];
/** What stands for no reason while an answer goes on. */
const NO_REASON = ['', 'null', 'none', 'finish_reason_unspecified'];
const TRUNCATION_TYPES: Spellings<TruncationType> = [
  [WIRE_TRUNCATION.LAST_HISTORY_TOKENS, TruncationType.LAST_HISTORY_TOKENS],
  [WIRE_TRUNCATION.ROLLING_TOKENS, TruncationType.ROLLING_TOKENS],
];

/** What the caller left out is undefined, which JSON leaves out: the gateway's defaults are the gateway's. */
export function toCreateContextBody(context: NewContext): WireCreateContext {
  const { model, messages, mode, ttl, truncationStrategy } = context;
  return {
    model,
    messages: messages.map(toWireMessage),
    mode: mode == null ? undefined : WIRE_MODE[mode],
    ttl: ttl ?? undefined,
    truncation_strategy: truncationStrategy == null ? undefined : toWireTruncation(truncationStrategy),
  };
}

export function toWireMessage({ role, content }: Message): WireMessage {
  return {
    role: role == null ? undefined : WIRE_ROLE[role as MessageRole],
    content: content ?? undefined,
  };
}

function toWireTruncation(strategy: NewTruncationStrategy): WireTruncationStrategy {
  const { type, lastHistoryTokens, rollingTokens, maxWindowTokens, rollingWindowTokens } = strategy;
  return {
    type: WIRE_TRUNCATION[type],
    last_history_tokens: lastHistoryTokens ?? undefined,
    rolling_tokens: rollingTokens ?? undefined,
    max_window_tokens: maxWindowTokens ?? undefined,
    rolling_window_tokens: rollingWindowTokens ?? undefined,
  };
}

/** What the gateway left out is null, but for mode and ttl, which are then as requested, and the mode as its model's own. */
export function fromCreateContextAnswer(answer: JsonObject, asked: NewContext): CreatedContext {
  const id = asText(answer.id);
  if (!id?.trim()) throw badResponse('it has no context id');
  if (id.length > MAX_ID) throw badResponse(`its context id is longer than ${MAX_ID} characters`);
  return {
    id,
    model: asName(answer.model) || asked.model,
    mode: answer.mode == null ? fallbackMode(asked) : asOneOf(answer.mode, MODES),
    ttl: answer.ttl == null ? (asked.ttl ?? null) : asSeconds(answer.ttl),
    truncationStrategy: fromTruncation(answer.truncation_strategy),
    usage: usageOf(answer),
  };
}

function fallbackMode({ mode, model }: NewContext): ContextMode {
  return mode ?? (isGemini(model) ? ContextMode.COMMON_PREFIX : ContextMode.SESSION);
}

function fromTruncation(value: unknown): GatewayTruncationStrategy | null {
  const strategy = asObject(value);
  return (
    strategy && {
      type: asOneOf(strategy.type, TRUNCATION_TYPES),
      lastHistoryTokens: asCount(strategy.last_history_tokens),
      rollingTokens: asBoolean(strategy.rolling_tokens),
      maxWindowTokens: asCount(strategy.max_window_tokens),
      rollingWindowTokens: asCount(strategy.rolling_window_tokens),
    }
  );
}

/** A model without an id cannot be asked for, so it is left out. */
export function fromModelsAnswer(answer: JsonObject): GatewayModel[] {
  const data = asArray(answer.data);
  if (data === null) throw badResponse('it has no list of models');
  return data.flatMap((item) => {
    const model = asObject(item);
    const id = asName(model?.id);
    if (model === null || !id) return [];
    const endpoints = asArray(model.supported_endpoint_types) ?? [];
    return {
      id,
      ownedBy: asName(model.owned_by),
      created: asDate(model.created),
      supportedEndpointTypes: endpoints.filter((endpoint) => typeof endpoint === 'string'),
    };
  });
}

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

/** `counted`: the stream is to count its tokens, which not every gateway takes. */
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

/** The deltas of one chunk; a choice that says nothing gives none. */
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

/** Old completions have a text in place of a message. */
function saidBy(choice: JsonObject | null, said: JsonObject | null): Content {
  return said === null && choice !== null ? contentOf({ content: choice.text }) : contentOf(said);
}

function fromFinishReason(value: unknown): FinishReason | null {
  if (value === null || value === undefined) return null;
  const word = asText(value)?.toLowerCase();
  if (word !== undefined && NO_REASON.includes(word)) return null;
  return asOneOf(word, FINISH_REASONS) ?? FinishReason.OTHER;
}
