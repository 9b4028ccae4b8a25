import { errors } from 'undici';
import type { FieldError, GatewayFacts } from '../../client/errors.js';
import { AppError, type AppErrorDetails, asProcessed, ErrorCode } from '../../errors.js';
import { asObject, asText } from '../json.js';
import type { CallFacts, GatewayCredential } from '../types.js';
import { type Envelope, readEnvelope, readHiddenEnvelope } from './envelope.js';
import { type Meaning, meaningOf } from './meanings.js';
import { inputPath } from './parameters.js';

/** An answer that says no, or that is no answer of this gateway. */
export interface RefusedAnswer {
  status: number;
  /** What its JSON holds; undefined where it is none. */
  body: unknown;
  /** Value of `Retry-After`. */
  retryAfter?: string | undefined;
  /** Value of `retry-after-ms`. */
  retryAfterMs?: string | undefined;
  /** Value of `x-request-id`. */
  requestId?: string | undefined;
}

/**
 * What became of a request that failed. Only what is `unsent` was certainly not read whole: no connection could be made, or it
 * was closed before the end of the request went out. `refused` was read and not processed; `lost` may have been processed, but
 * its answer did not come.
 */
export type Fate = 'unsent' | 'refused' | 'lost' | 'answered';

/** What a call says about the gateway's health; nothing if the caller left. */
export type Health = 'healthy' | 'unhealthy' | 'unknown';

/** What decides whether a failed call may be sent again, and what it says of the gateway. */
export interface Failure {
  fate: Fate;
  /** Of the gateway, not of this call. */
  health: Health;
  /** Seconds that the gateway asks to wait for, however many. */
  retryAfter?: number | undefined;
  /** The parameter that the gateway names, in its own spelling. */
  param?: string;
}

export class GatewayError extends AppError {
  constructor(
    code: ErrorCode,
    message: string,
    details: AppErrorDetails,
    readonly failure: Failure,
  ) {
    const isUncertain = mayHaveBeenProcessed(failure.fate, code, details);
    super(code, message, { ...details, mayHaveBeenProcessed: isUncertain });
  }
}

/**
 * Whether a request that failed may have been processed all the same. An answer that says no settles it, unless it blames
 * the gateway itself or was a success that cannot be read.
 */
export function mayHaveBeenProcessed(fate: Fate, code: ErrorCode, { gateway }: AppErrorDetails): boolean {
  if (fate !== 'answered') return fate === 'lost';
  if (code === ErrorCode.GATEWAY_BAD_RESPONSE) return gateway?.status === undefined || gateway.status < 300;
  return code === ErrorCode.GATEWAY_UNAVAILABLE || code === ErrorCode.GATEWAY_TIMEOUT;
}

/** A longer wait than a day is no advice that a caller can follow. */
const MAX_RETRY_AFTER_SECONDS = 86_400;

/** What an answer that is no success means for the caller. */
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
  const fate = fateOf(answer.status);
  const health = healthAfter(answer.status, said, code);
  return new GatewayError(code, message, details, { fate, health, retryAfter, param: paramOf(said) });
}

/** A proxy says 502 or 504 where the gateway behind it did not answer. */
function fateOf(status: number): Fate {
  if (status === 429 || status === 503) return 'refused';
  return status === 502 || status === 504 ? 'lost' : 'answered';
}

/** A 5xx with an envelope may be about one request, its content or its model, and says nothing sure of the gateway. */
function healthAfter(status: number, said: Envelope | null, code: ErrorCode): Health {
  if (status >= 500) return said ? 'unknown' : 'unhealthy';
  if (code === ErrorCode.GATEWAY_UNAVAILABLE || code === ErrorCode.GATEWAY_TIMEOUT) return 'unknown';
  return said || status === 401 || status === 402 || status === 429 ? 'healthy' : 'unknown';
}

/** Some gateways name the one parameter that callers cannot send, `stream_options`, in their words alone. */
function paramOf(said: Envelope | null): string {
  return said?.param || (/\bstream_options\b/.exec(said?.message ?? '')?.[0] ?? '');
}

/** The field of our input that the gateway found fault with. */
function fieldsOf(meaning: Meaning, said: Envelope | null, call: CallFacts): FieldError[] | undefined {
  if (meaning.code !== ErrorCode.BAD_USER_INPUT) return undefined;
  const path = inputPath(meaning.param ?? said?.param ?? '', call.operation);
  return path ? [{ path, message: meaning.fault ?? 'is refused by the gateway' }] : undefined;
}

/** A code and an id are passed on where they look like one, and never where the key could be in them. */
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

/** Whole seconds; undefined where the value is missing, in the past or no time at all. */
export function parseRetryAfter(value: string | undefined, now: () => number): number | undefined {
  if (value === undefined) return undefined;
  const isNumber = /^\d+(\.\d+)?$/.test(value.trim());
  const seconds = Math.ceil(isNumber ? Number(value) : (Date.parse(value) - now()) / 1_000);
  return seconds >= 0 ? seconds : undefined;
}

/** An answer that cannot be used; `what` completes "The gateway's answer cannot be used: ...". */
export function badResponse(
  what: string,
  details: AppErrorDetails = {},
  failure: Failure = { fate: 'answered', health: 'unknown' },
): GatewayError {
  const message = `The gateway’s answer cannot be used: ${what}. Try again; if it stays, tell the operator.`;
  return new GatewayError(ErrorCode.GATEWAY_BAD_RESPONSE, message, details, failure);
}

export function cutShort(cause?: unknown): GatewayError {
  return badResponse('it was cut short', { cause }, { fate: 'lost', health: 'unhealthy' });
}

export function timedOut(waitedFor: string, cause?: unknown, fate: Fate = 'lost'): GatewayError {
  const message = `The gateway took too long ${waitedFor}. Try again later.`;
  return new GatewayError(ErrorCode.GATEWAY_TIMEOUT, message, { cause }, { fate, health: 'unhealthy' });
}

/** How far a call came before it failed; `sending`: the end of the request has not gone out. */
export type Stage = 'sending' | 'waiting' | 'reading';

/** What a failure below HTTP means; once the answer has begun, a lost connection has cut it short. */
export function transportError(error: unknown, stage: Stage): AppError {
  if (error instanceof GatewayError) return error;
  // The call was ended from outside, by its caller or by a lost lease.
  if (error instanceof AppError) return stage === 'sending' ? error : asProcessed(error);
  const code = asText(asObject(error)?.code) ?? '';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return timedOut('to take the connection', error, 'unsent');
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return timedOut('to begin its answer', error);
  if (code === 'UND_ERR_BODY_TIMEOUT') return timedOut('to go on with its answer', error);
  if (stage === 'reading') return cutShort(error);
  if (error instanceof errors.HTTPParserError || /^UND_ERR_(HEADERS_OVERFLOW|RES_)/.test(code))
    return badResponse('it is not HTTP', { cause: error }, { fate: 'answered', health: 'unhealthy' });
  const message = 'The gateway cannot be reached. Try again later.';
  const fate = stage === 'sending' ? 'unsent' : 'lost';
  return new GatewayError(
    ErrorCode.GATEWAY_UNAVAILABLE,
    message,
    { cause: error },
    { fate, health: 'unhealthy' },
  );
}
