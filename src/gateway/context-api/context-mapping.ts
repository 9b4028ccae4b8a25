/** Contexts and models: the gateway's snake_case and our spelling. */

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
} from '../json.js';
import {
  ContextMode,
  type CreatedContext,
  type GatewayModel,
  type GatewayTruncationStrategy,
  type NewContext,
  type NewTruncationStrategy,
} from '../types.js';
import { usageOf } from './usage.js';
import type { WireCreateContext, WireTruncationStrategy } from './wire.js';
import { MODES, TRUNCATION_TYPES, toWireMessage, WIRE_MODE, WIRE_TRUNCATION } from './words.js';

/** Characters; the longest known ids, Google's, have about 80. */
const MAX_ID = 1_024;

/** What the caller left out stays out of the JSON, so that the gateway's own defaults apply. */
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

/**
 * What the gateway left out is null, except `ttl`, which is as requested, and `mode`, as requested or SESSION. `model` is always as requested:
 * gateways may answer with an endpoint or a version, which has no price here and which chats need not accept.
 */
export function fromCreateContextAnswer(answer: JsonObject, asked: NewContext): CreatedContext {
  const id = asText(answer.id);
  if (!id?.trim()) throw badResponse('it has no context id');
  if (id.length > MAX_ID) throw badResponse(`its context id is longer than ${MAX_ID} characters`);
  return {
    id,
    model: asked.model,
    mode: answer.mode == null ? (asked.mode ?? ContextMode.SESSION) : asOneOf(answer.mode, MODES),
    ttl: answer.ttl == null ? (asked.ttl ?? null) : asSeconds(answer.ttl),
    truncationStrategy: fromTruncation(answer.truncation_strategy),
    usage: usageOf(answer),
  };
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

/** Models without an id are skipped: nobody could ask for them. */
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
      isShutDown: asText(model.status)?.toLowerCase() === 'shutdown',
      cacheModes: cacheModesOf(asObject(asObject(model.features)?.cache)),
    };
  });
}

/** Ark's `features.cache`. */
function cacheModesOf(cache: JsonObject | null): ContextMode[] | null {
  if (cache === null) return null;
  const { session_cache: session, prefix_cache: prefix } = cache;
  if (session == null && prefix == null) return null;
  return [
    ...(isOn(session) ? [ContextMode.SESSION] : []),
    ...(isOn(prefix) ? [ContextMode.COMMON_PREFIX] : []),
  ];
}

/** A flag, or an object with one. */
function isOn(feature: unknown): boolean {
  const flag = asObject(feature)?.enabled ?? asObject(feature)?.supported ?? feature;
  return flag !== false && flag != null && flag !== 'disabled';
}
