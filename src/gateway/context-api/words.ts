/** The gateway's words, and our enums for them. */

import type { Spellings } from '../json.js';
import { ContextMode, FinishReason, type Message, MessageRole, TruncationType } from '../types.js';
import type { WireMessage } from './wire.js';

export const WIRE_MODE = { SESSION: 'session', COMMON_PREFIX: 'common_prefix' } as const;
const WIRE_ROLE = { SYSTEM: 'system', USER: 'user', ASSISTANT: 'assistant' } as const;
export const WIRE_TRUNCATION = {
  LAST_HISTORY_TOKENS: 'last_history_tokens',
  ROLLING_TOKENS: 'rolling_tokens',
} as const;

export const MODES: Spellings<ContextMode> = [
  [WIRE_MODE.SESSION, ContextMode.SESSION],
  [WIRE_MODE.COMMON_PREFIX, ContextMode.COMMON_PREFIX],
];
export const ROLES: Spellings<MessageRole> = [
  [WIRE_ROLE.SYSTEM, MessageRole.SYSTEM],
  [WIRE_ROLE.USER, MessageRole.USER],
  [WIRE_ROLE.ASSISTANT, MessageRole.ASSISTANT],
];
/** In lower case: OpenAI's, then those of Anthropic, Google and others. */
export const FINISH_REASONS: Spellings<FinishReason> = [
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
/** What some gateways send while the answer continues. */
export const NO_REASON = ['', 'null', 'none', 'finish_reason_unspecified'];
export const TRUNCATION_TYPES: Spellings<TruncationType> = [
  [WIRE_TRUNCATION.LAST_HISTORY_TOKENS, TruncationType.LAST_HISTORY_TOKENS],
  [WIRE_TRUNCATION.ROLLING_TOKENS, TruncationType.ROLLING_TOKENS],
];

export function toWireMessage({ role, content }: Message): WireMessage {
  return {
    role: role == null ? undefined : WIRE_ROLE[role as MessageRole],
    content: content ?? undefined,
  };
}
