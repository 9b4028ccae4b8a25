import undici from 'undici/lib/core/errors.js';
import type { GatewayFacts } from '../client/errors.js';
import { AppError, type AppErrorDetails, asProcessed, ErrorCode, NO_SUCH_CONTEXT } from '../errors.js';
import { asObject, asText, type JsonObject } from './json.js';
import type { GatewayCredential } from './types.js';

/** Which call failed: the same status means different things to a create and to a chat. */
export type GatewayOperation = 'createContext' | 'chat' | 'models';

/** An answer that says no, or that is no answer of this gateway. */
export interface RefusedAnswer {
  status: number;
  /** The parsed body where it was a JSON object. */
  body: JsonObject | null;
  /** Value of `Retry-After`. */
  retryAfter?: string | undefined;
  /** Value of `x-request-id`. */
  requestId?: string | undefined;
}

/**
 * What became of a request that failed. Only what is `unsent` (no connection could be made) was certainly not read;
 * `refused` was read and not processed; `lost` may have been processed, but its answer did not come.
 */
export type Fate = 'unsent' | 'refused' | 'lost' | 'answered';

/** A failed call, with what decides whether it may be sent again. */
export class GatewayError extends AppError {
  constructor(
    code: ErrorCode,
    message: string,
    details: AppErrorDetails,
    readonly fate: Fate,
    /** Seconds that the gateway asks to wait for, however many. */
    readonly retryAfter?: number,
  ) {
    super(code, message, { ...details, mayHaveBeenProcessed: mayHaveBeenProcessed(fate, code, details) });
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

export interface CallFacts {
  operation: GatewayOperation;
  credential: GatewayCredential;
  /** The context that a chat names. */
  contextId?: string;
}

const MODERATION = /RiskDetection|SensitiveContent|content_(filter|policy)|moderation/i;
const NO_BALANCE = /AccountOverdue|insufficient_(user_)?quota|insufficient_balance/i;
const NO_MODEL = /InvalidEndpointOrModel|ModelNotOpen|model_not_(found|exist)|ModelNotFound/i;
const TOO_MUCH = /RateLimit|rate_limit|ServerOverloaded|QuotaExceeded/i;
/** "context ... not found" and its kin; "maximum context length" is about the prompt's size. */
const LOST_CONTEXT =
  /\bcontext(_id)?\b(?! length| window).{0,80}\b(not found|not exist|no longer|expired|invalid|unknown)|\b(no such|unknown|invalid|expired) context(_id)?\b/is;
/** A longer wait than a day is no advice that a caller can follow. */
const MAX_RETRY_AFTER_SECONDS = 86_400;

/** The one place that chooses what an answer of the gateway means. */
export function gatewayError(
  answer: RefusedAnswer,
  call: CallFacts,
  now: () => number = Date.now,
): GatewayError {
  const said = readEnvelope(answer.body);
  const [code, message] = choose(answer.status, said, call);
  const details: AppErrorDetails = { gateway: factsOf(answer, said, call.credential) };
  const retryAfter = parseRetryAfter(answer.retryAfter, now);
  const mayWait = code === ErrorCode.RATE_LIMITED || code === ErrorCode.GATEWAY_UNAVAILABLE;
  const isAdvice = retryAfter !== undefined && retryAfter <= MAX_RETRY_AFTER_SECONDS;
  if (mayWait && isAdvice) details.retryAfter = retryAfter;
  return new GatewayError(code, message, details, fateOf(answer.status), retryAfter);
}

/** A proxy says 502 or 504 where the gateway behind it did not answer. */
function fateOf(status: number): Fate {
  if (status === 429 || status === 503) return 'refused';
  return status === 502 || status === 504 ? 'lost' : 'answered';
}

interface Envelope {
  /** `code` and `type` in one: gateways differ in which of them they fill. */
  kind: string;
  code: string;
  param: string;
  message: string;
}

function readEnvelope(body: JsonObject | null): Envelope | null {
  const error = asObject(body?.error);
  if (error === null) return null;
  const code = asText(error.code) ?? '';
  const type = asText(error.type) ?? '';
  return {
    kind: `${code} ${type}`,
    code: code || type,
    param: asText(error.param) ?? '',
    message: asText(error.message) ?? '',
  };
}

type Choice = [ErrorCode, string];

function choose(status: number, said: Envelope | null, call: CallFacts): Choice {
  const kind = said?.kind ?? '';
  if (MODERATION.test(kind)) return CONTENT_REJECTED;
  if (NO_BALANCE.test(kind) || status === 402) return QUOTA_EXCEEDED;
  if (NO_MODEL.test(kind)) return MODEL_NOT_FOUND;
  if (call.operation === 'chat' && namesLostContext(status, said, call)) return CONTEXT_NOT_FOUND;
  if (status === 401 || (status < 300 && /Authentication|invalid_api_key/i.test(kind))) return badKey(call);
  if (status === 403 || (status < 300 && /AccessDenied/i.test(kind))) return denied(call);
  if (status === 429 || TOO_MUCH.test(kind)) return RATE_LIMITED;
  if (status >= 500) return UNAVAILABLE;
  if (said === null) return NOT_THE_CONTRACT;
  if (status < 300) return /Invalid|Missing/i.test(kind) ? REFUSED_INPUT : UNAVAILABLE;
  if (status === 404) return call.operation === 'models' ? NOT_THE_CONTRACT : MODEL_NOT_FOUND;
  if (status === 408) return [ErrorCode.GATEWAY_TIMEOUT, 'The gateway gave up waiting. Try again.'];
  if (status === 400 || status === 413 || status === 422) return REFUSED_INPUT;
  return NOT_THE_CONTRACT;
}

const CONTENT_REJECTED: Choice = [
  ErrorCode.CONTENT_REJECTED,
  'The gateway’s moderation refused the content. Change the messages.',
];
const QUOTA_EXCEEDED: Choice = [
  ErrorCode.QUOTA_EXCEEDED,
  'The gateway account has no balance left. Top it up, then try again.',
];
const MODEL_NOT_FOUND: Choice = [
  ErrorCode.MODEL_NOT_FOUND,
  'The gateway has no such model, or it is not open to this account. Query `models` for those it has.',
];
const CONTEXT_NOT_FOUND: Choice = [ErrorCode.CONTEXT_NOT_FOUND, NO_SUCH_CONTEXT];
const RATE_LIMITED: Choice = [
  ErrorCode.RATE_LIMITED,
  'The gateway takes no more requests just now. Wait, then try again.',
];
const UNAVAILABLE: Choice = [
  ErrorCode.GATEWAY_UNAVAILABLE,
  'The gateway has trouble of its own. Try again later.',
];
const REFUSED_INPUT: Choice = [
  ErrorCode.BAD_USER_INPUT,
  'The gateway refused the request. Check the model, the messages and the other parameters against its documentation.',
];
const NOT_THE_CONTRACT: Choice = [
  ErrorCode.GATEWAY_BAD_RESPONSE,
  'The address of the gateway does not answer as the gateway does. The operator should check GATEWAY_URL.',
];

function badKey({ credential }: CallFacts): Choice {
  return credential.owner === 'caller'
    ? [
        ErrorCode.UNAUTHENTICATED,
        'The gateway does not accept this key. Send a valid one as `Authorization: Bearer <key>`.',
      ]
    : SERVER_KEY_REFUSED;
}

function denied({ credential }: CallFacts): Choice {
  return credential.owner === 'caller'
    ? [ErrorCode.FORBIDDEN, 'The gateway does not let this key do that. Use a key that may.']
    : SERVER_KEY_REFUSED;
}

const SERVER_KEY_REFUSED: Choice = [
  ErrorCode.GATEWAY_AUTH,
  'The gateway refuses this server’s key. The operator has to mend it.',
];

function namesLostContext(status: number, said: Envelope | null, call: CallFacts): boolean {
  if (said === null || (status !== 404 && status !== 400)) return false;
  const namesIt =
    said.param === 'context_id' || LOST_CONTEXT.test(said.message) || /context/i.test(said.kind);
  const quotesIt = call.contextId !== undefined && said.message.includes(call.contextId);
  return status === 404 || namesIt || quotesIt;
}

/** A code and an id are passed on where they look like one, and never where the key could be in them. */
function factsOf(answer: RefusedAnswer, said: Envelope | null, credential: GatewayCredential): GatewayFacts {
  const fit = (value: string | undefined) =>
    value !== undefined && /^[\w.:-]{1,80}$/.test(value) && !value.includes(credential.key)
      ? value
      : undefined;
  const code = fit(said?.code);
  const requestId = fit(answer.requestId) ?? fit(/Request id: ([\w-]+)/i.exec(said?.message ?? '')?.[1]);
  return {
    status: answer.status,
    ...(code !== undefined && { code }),
    ...(requestId !== undefined && { requestId }),
  };
}

/** Whole seconds; undefined where the value is missing, in the past or no time at all. */
export function parseRetryAfter(value: string | undefined, now: () => number): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : Math.ceil((Date.parse(value) - now()) / 1_000);
  return seconds >= 0 ? seconds : undefined;
}

/** An answer that cannot be used; `what` completes "The gateway's answer cannot be used: ...". */
export function badResponse(
  what: string,
  details: AppErrorDetails = {},
  fate: Fate = 'answered',
): GatewayError {
  const message = `The gateway’s answer cannot be used: ${what}. Try again; if it stays, tell the operator.`;
  return new GatewayError(ErrorCode.GATEWAY_BAD_RESPONSE, message, details, fate);
}

export function cutShort(cause?: unknown): GatewayError {
  return badResponse('it was cut short', { cause }, 'lost');
}

export function timedOut(waitedFor: string, cause?: unknown, fate: Fate = 'lost'): GatewayError {
  const message = `The gateway took too long ${waitedFor}. Try again later.`;
  return new GatewayError(ErrorCode.GATEWAY_TIMEOUT, message, { cause }, fate);
}

/** How far a call came before it failed. */
export type Stage = 'connecting' | 'waiting' | 'reading';

/** What a failure below HTTP means; once the answer has begun, a lost connection has cut it short. */
export function transportError(error: unknown, stage: Stage): AppError {
  if (error instanceof GatewayError) return error;
  // The call was ended from outside, by its caller or by a lost lease.
  if (error instanceof AppError) return stage === 'connecting' ? error : asProcessed(error);
  const code = asText(asObject(error)?.code) ?? '';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return timedOut('to take the connection', error, 'unsent');
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return timedOut('to begin its answer', error);
  if (code === 'UND_ERR_BODY_TIMEOUT') return timedOut('to go on with its answer', error);
  if (stage === 'reading') return cutShort(error);
  if (error instanceof undici.HTTPParserError || /^UND_ERR_(HEADERS_OVERFLOW|RES_)/.test(code))
    return badResponse('it is not HTTP', { cause: error });
  const message = 'The gateway cannot be reached. Try again later.';
  const fate = stage === 'connecting' ? 'unsent' : 'lost';
  return new GatewayError(ErrorCode.GATEWAY_UNAVAILABLE, message, { cause: error }, fate);
}
