import type { FieldError, GatewayFacts } from 'graphql-context-cache-client';
import { errors } from 'undici';
import { AppError, type AppErrorDetails, asProcessed, ErrorCode } from '../../errors.js';
import { asObject, asText } from '../json.js';
import type { CallFacts, GatewayCredential } from '../types.js';
import { type Envelope, readEnvelope, readHiddenEnvelope } from './envelope.js';
import { meaningOf } from './meanings.js';
import { inputPath } from './parameters.js';
import type { Meaning } from './refusals.js';

/** A response that is an error, or is not from this gateway. */
export interface RefusedAnswer {
  status: number;
  /** Its parsed JSON; undefined if it is not JSON. */
  body: unknown;
  /** Value of `Retry-After`. */
  retryAfter?: string | undefined;
  /** Value of `retry-after-ms`. */
  retryAfterMs?: string | undefined;
  /** Value of `x-request-id`. */
  requestId?: string | undefined;
}

/**
 * How far a failed request got. `unsent`: the gateway cannot have read all of it, since no connection was made or it was
 * closed before the last byte was sent. `refused`: read, but not processed. `lost`: perhaps processed, but without a response.
 * `answered`: with any other error response.
 */
export type Delivery = 'unsent' | 'refused' | 'lost' | 'answered';

/** What a call tells about the gateway; `unknown` if the caller left. */
export type Health = 'healthy' | 'unhealthy' | 'unknown';

/** Decides whether a failed call may be sent again, and what the breaker counts. */
export interface Failure {
  delivery: Delivery;
  health: Health;
  /** Seconds that the gateway asks to wait, without a limit. */
  retryAfter?: number | undefined;
  /** The parameter at fault, in the gateway's spelling. */
  param?: string;
  /** Whether a creation was refused because its messages are shorter than the gateway caches. */
  isTooShort?: boolean;
}

export class GatewayError extends AppError {
  constructor(
    code: ErrorCode,
    message: string,
    details: AppErrorDetails,
    readonly failure: Failure,
  ) {
    const isUncertain = mayHaveBeenProcessed(failure.delivery, code, details);
    super(code, message, { ...details, mayHaveBeenProcessed: isUncertain });
  }
}

/** Whether a failed request may have been processed. An error response means no, unless it is the gateway's own failure or an unreadable success. */
export function mayHaveBeenProcessed(
  delivery: Delivery,
  code: ErrorCode,
  { gateway }: AppErrorDetails,
): boolean {
  if (delivery !== 'answered') return delivery === 'lost';
  if (code === ErrorCode.GATEWAY_BAD_RESPONSE) return gateway?.status === undefined || gateway.status < 300;
  return code === ErrorCode.GATEWAY_UNAVAILABLE || code === ErrorCode.GATEWAY_TIMEOUT;
}

/** Longer than a day is no useful advice. */
const MAX_RETRY_AFTER_SECONDS = 86_400;

/** The error for a response that is no success. */
export function gatewayError(
  answer: RefusedAnswer,
  call: CallFacts,
  now: () => number = Date.now,
): GatewayError {
  const said = answer.status < 300 ? readHiddenEnvelope(answer.body) : readEnvelope(answer.body);
  const meaning = meaningOf(answer.status, said, call);
  const { code, message, retryable } = meaning;
  const details: AppErrorDetails = { gateway: factsOf(answer, said, call.credential) };
  if (retryable !== undefined) details.retryable = retryable;
  const fields = fieldsOf(meaning, said, call);
  if (fields) details.fields = fields;
  const retryAfter = waitOf(answer, said, now);
  const mayWait = code === ErrorCode.RATE_LIMITED || code === ErrorCode.GATEWAY_UNAVAILABLE;
  const isAdvice = retryAfter !== undefined && retryAfter <= MAX_RETRY_AFTER_SECONDS;
  if (mayWait && isAdvice) details.retryAfter = retryAfter;
  const delivery = deliveryOf(answer.status);
  const health = healthAfter(answer.status, said, code);
  const { isTooShort = false } = meaning;
  return new GatewayError(code, message, details, {
    delivery,
    health,
    retryAfter,
    param: paramOf(said),
    isTooShort,
  });
}

/** Of proxies whose gateway did not respond; the last three are Cloudflare's. */
const UNANSWERED = [502, 504, 520, 522, 524];

function deliveryOf(status: number): Delivery {
  if (status === 429 || status === 503) return 'refused';
  return UNANSWERED.includes(status) ? 'lost' : 'answered';
}

/** A 5xx with an error envelope may concern one request, its content or its model, not the gateway as a whole. */
function healthAfter(status: number, said: Envelope | null, code: ErrorCode): Health {
  if (status >= 500) return said ? 'unknown' : 'unhealthy';
  if (code === ErrorCode.GATEWAY_UNAVAILABLE || code === ErrorCode.GATEWAY_TIMEOUT) return 'unknown';
  return said || status === 401 || status === 402 || status === 429 ? 'healthy' : 'unknown';
}

/** Some gateways name `stream_options` only in the message. */
function paramOf(said: Envelope | null): string {
  return said?.param || (/\bstream_options\b/.exec(said?.message ?? '')?.[0] ?? '');
}

/** The field of our input that the gateway refused. */
function fieldsOf(meaning: Meaning, said: Envelope | null, call: CallFacts): FieldError[] | undefined {
  if (meaning.code !== ErrorCode.BAD_USER_INPUT) return undefined;
  const path = inputPath(meaning.param ?? said?.param ?? '', call.operation);
  return path ? [{ path, message: meaning.fault ?? 'is refused by the gateway' }] : undefined;
}

/** Passes on a code and an id only if they look like one and cannot contain the key. */
function factsOf(answer: RefusedAnswer, said: Envelope | null, credential: GatewayCredential): GatewayFacts {
  const fit = (value: string | undefined) =>
    value !== undefined && /^[\w.:-]{1,80}$/.test(value) && !value.includes(credential.key)
      ? value
      : undefined;
  const code = fit(said?.codes[0]);
  const requestId = fit(answer.requestId) ?? fit(/Request id: ([\w-]+)/i.exec(said?.message ?? '')?.[1]);
  return {
    status: answer.status,
    ...(code !== undefined && { code }),
    ...(requestId !== undefined && { requestId }),
  };
}

function waitOf(answer: RefusedAnswer, said: Envelope | null, now: () => number): number | undefined {
  const { retryAfter, retryAfterMs } = answer;
  const milliseconds = /^\d+(\.\d+)?$/.test(retryAfterMs ?? '') ? Number(retryAfterMs) : undefined;
  if (milliseconds !== undefined) return Math.ceil(milliseconds / 1_000);
  // Google's RetryInfo.
  const delay = asText(said?.retryDelay)?.replace(/s$/, '');
  return parseRetryAfter(retryAfter, now) ?? parseRetryAfter(delay, now);
}

/** Whole seconds; undefined if the value is missing, in the past or not a time. */
export function parseRetryAfter(value: string | undefined, now: () => number): number | undefined {
  if (value === undefined) return undefined;
  const isNumber = /^\d+(\.\d+)?$/.test(value.trim());
  const seconds = Math.ceil(isNumber ? Number(value) : (Date.parse(value) - now()) / 1_000);
  return seconds >= 0 ? seconds : undefined;
}

/** A response that cannot be used; `what` completes “The gateway’s answer cannot be used: ...”. */
export function badResponse(
  what: string,
  details: AppErrorDetails = {},
  failure: Failure = { delivery: 'answered', health: 'unknown' },
): GatewayError {
  const message = `The gateway’s response is invalid: ${what}. Try again, or tell the operator.`;
  return new GatewayError(ErrorCode.GATEWAY_BAD_RESPONSE, message, details, failure);
}

export function cutShort(cause?: unknown): GatewayError {
  return badResponse('it was cut short', { cause }, { delivery: 'lost', health: 'unhealthy' });
}

/** Whether the connection broke, or nothing came in time. */
export function isLost(error: unknown): boolean {
  return error instanceof GatewayError && error.failure.delivery === 'lost';
}

export function timedOut(waitedFor: string, cause?: unknown, delivery: Delivery = 'lost'): GatewayError {
  const message = `The gateway took too long ${waitedFor}. Try again later.`;
  return new GatewayError(ErrorCode.GATEWAY_TIMEOUT, message, { cause }, { delivery, health: 'unhealthy' });
}

/** How far a request came before it failed; `sending`: its last byte was not sent. */
export type Stage = 'sending' | 'waiting' | 'reading';

/** The error for a failure below HTTP. A connection lost after the response has begun has cut it short. */
export function transportError(error: unknown, stage: Stage): AppError {
  if (error instanceof GatewayError) return error;
  // Aborted by the caller, or by a lost lease.
  if (error instanceof AppError) return stage === 'sending' ? error : asProcessed(error);
  const code = asText(asObject(error)?.code) ?? '';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return timedOut('to take the connection', error, 'unsent');
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return timedOut('to begin its answer', error);
  if (code === 'UND_ERR_BODY_TIMEOUT') return timedOut('to go on with its answer', error);
  if (stage === 'reading') return cutShort(error);
  if (error instanceof errors.HTTPParserError || /^UND_ERR_(HEADERS_OVERFLOW|RES_)/.test(code))
    return badResponse('it is not HTTP', { cause: error }, { delivery: 'answered', health: 'unhealthy' });
  const message = 'The gateway cannot be reached. Try again later.';
  const delivery = stage === 'sending' ? 'unsent' : 'lost';
  return new GatewayError(
    ErrorCode.GATEWAY_UNAVAILABLE,
    message,
    { cause: error },
    { delivery, health: 'unhealthy' },
  );
}
