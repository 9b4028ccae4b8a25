import { invalid, missing } from './api-error.js';
import { isGemini } from './models.js';

export type Body = Readonly<Record<string, unknown>>;
export type Role = 'system' | 'user' | 'assistant';

export interface Message {
  role: Role;
  content: string;
}

export interface CreateRequest {
  model: string;
  messages: Message[];
  mode: 'session' | 'common_prefix';
  /** Seconds. */
  ttl: number;
  truncation: { type: string; rolling_tokens?: boolean; last_history_tokens?: number } | null;
}

export const ROLES: readonly unknown[] = ['system', 'user', 'assistant'];
const NUMBERS: Record<string, [min: number, max: number]> = {
  temperature: [0, 2],
  top_p: [0, 1],
  n: [1, 8],
  max_tokens: [1, 32_768],
  presence_penalty: [-2, 2],
  frequency_penalty: [-2, 2],
};
const WHOLE = ['n', 'max_tokens'];
const NOT_ON_CONTEXTS = ['tools', 'thinking', 'response_format'];

/** `POST /context/create`, with the defaults of Ark and Gemini. */
export function checkCreate(body: Body): CreateRequest {
  refuseNulls(body);
  const model = requireString(body, 'model');
  const messages = checkMessages(body.messages);
  const mode = isGemini(model) ? 'common_prefix' : checkMode(body.mode);
  return { model, messages, mode, ttl: checkTtl(body.ttl, model), truncation: checkTruncation(body, mode) };
}

function checkMode(mode: unknown = 'session'): CreateRequest['mode'] {
  if (mode === 'session' || mode === 'common_prefix') return mode;
  throw invalid('mode', 'must be session or common_prefix');
}

function checkTtl(ttl: unknown, model: string): number {
  const [min, max, fallback] = isGemini(model)
    ? [1, Number.MAX_SAFE_INTEGER, 3_600]
    : [3_600, 604_800, 86_400];
  if (ttl === undefined) return fallback;
  if (typeof ttl === 'number' && ttl >= min && ttl <= max) return ttl;
  throw invalid('ttl', `must be a number from ${min} to ${max}`);
}

function checkTruncation({ truncation_strategy: strategy }: Body, mode: string): CreateRequest['truncation'] {
  if (strategy === undefined)
    return mode === 'session' ? { type: 'rolling_tokens', rolling_tokens: true } : null;
  if (mode !== 'session') throw invalid('truncation_strategy', 'may only be used with mode session');
  if (!isObject(strategy)) throw invalid('truncation_strategy', 'must be an object');
  const { type, last_history_tokens: last, rolling_tokens: rolling } = strategy;
  if (type === 'rolling_tokens') return { type, rolling_tokens: rolling !== false };
  if (type === 'last_history_tokens') {
    if (typeof last !== 'number' || last < 1)
      throw invalid('truncation_strategy.last_history_tokens', 'must be positive');
    return { type, last_history_tokens: last };
  }
  throw invalid('truncation_strategy.type', 'must be last_history_tokens or rolling_tokens');
}

export interface ChatRequest {
  contextId: string | null;
  model: string;
  messages: Message[];
  n: number;
  maxTokens: number;
  stop: string[];
  stream: boolean;
  includeUsage: boolean;
}

/** Both chat endpoints; the context is optional only for `/chat/completions`. */
export function checkChat(body: Body, onContext: boolean): ChatRequest {
  refuseNulls(body);
  const contextId = onContext || body.context_id !== undefined ? requireString(body, 'context_id') : null;
  const model = requireString(body, 'model');
  const messages = checkMessages(body.messages);
  if (messages.at(-1)?.role === 'assistant') throw invalid('messages', 'must not end with the assistant');
  const refused = NOT_ON_CONTEXTS.find((name) => onContext && body[name] !== undefined);
  if (refused) throw invalid(refused, 'is not supported with a context');
  for (const [name, [min, max]] of Object.entries(NUMBERS)) checkNumber(body[name], name, min, max);
  checkLogitBias(body.logit_bias);
  const options = isObject(body.stream_options) ? body.stream_options : {};
  return {
    contextId,
    model,
    messages,
    n: Number(body.n ?? 1),
    maxTokens: Number(body.max_tokens ?? 4_096),
    stop: checkStop(body.stop),
    stream: body.stream === true,
    includeUsage: options.include_usage === true,
  };
}

/** Clients must omit absent fields instead of sending null. */
export function refuseNulls(body: Body): void {
  const name = Object.keys(body).find((key) => body[key] === null);
  if (name !== undefined) throw invalid(name, 'must not be null');
}

export function requireString(body: Body, name: string): string {
  const value = body[name];
  if (value === undefined) throw missing(name);
  if (typeof value !== 'string' || value.trim() === '') throw invalid(name, 'must be a string');
  return value;
}

function checkMessages(messages: unknown): Message[] {
  if (messages === undefined) throw missing('messages');
  if (!Array.isArray(messages) || messages.length === 0)
    throw invalid('messages', 'must be a non-empty list');
  return messages.map((item: unknown, index): Message => {
    const message = isObject(item) ? item : {};
    const { role, content } = message;
    if (role === undefined && content === undefined)
      throw invalid(`messages[${index}]`, 'needs role or content');
    if (role !== undefined && !ROLES.includes(role)) throw invalid(`messages[${index}].role`, 'is unknown');
    if (content !== undefined && typeof content !== 'string')
      throw invalid(`messages[${index}].content`, 'must be a string');
    return { role: (role as Role | undefined) ?? 'user', content: content ?? '' };
  });
}

export function checkNumber(value: unknown, name: string, min: number, max: number): void {
  if (value === undefined) return;
  const fits = typeof value === 'number' && value >= min && value <= max;
  if (!fits || (WHOLE.includes(name) && !Number.isInteger(value)))
    throw invalid(name, `must be ${min} to ${max}`);
}

function checkStop(stop: unknown = []): string[] {
  const stops: unknown[] = Array.isArray(stop) ? stop : [stop];
  if (stops.length <= 4 && stops.every((one) => typeof one === 'string'))
    return stops.filter((one) => one !== '');
  throw invalid('stop', 'must be a string or up to 4 strings');
}

function checkLogitBias(bias: unknown = {}): void {
  const fits =
    isObject(bias) &&
    Object.entries(bias).every(([token, value]) => /^\d+$/.test(token) && Math.abs(Number(value)) <= 100);
  if (!fits) throw invalid('logit_bias', 'must map token ids to numbers from -100 to 100');
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
