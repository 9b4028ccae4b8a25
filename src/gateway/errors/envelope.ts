/** Reads error responses of every known form. Callers see only their codes and ids. */

import { asArray, asObject, asText, type JsonObject, parseJson } from '../json.js';

export interface Envelope {
  /** All codes, types and statuses in it, the most specific first. */
  codes: string[];
  /** HTTP status given in the body. */
  status: number | undefined;
  /** The parameter at fault, in the gateway's spelling; FastAPI's `loc` joined by dots. */
  param: string;
  /** May quote prompts and keys: never shown. */
  message: string;
  /** In the gateway's spelling: `12s`, or undefined. */
  retryDelay: unknown;
  /** The same without JSON that was embedded in the message, which may be a quoted prompt. */
  unquoted?: Envelope;
}

/** Proxies wrap each other's errors, as JSON in the message or as nested objects. */
const MAX_DEPTH = 4;
/** Longer messages are not searched for JSON. */
const MAX_NESTED_LENGTH = 65_536;

/** Keys of a success: without anything in any of them, a body with a code or a message is an error. */
const SUCCESS_KEYS = ['choices', 'id', 'data', 'usage', 'text', 'candidates'] as const;

const REFUSAL_KEYS = ['message', 'msg', 'detail', 'errors', 'error_msg', 'error_code', 'base_resp', 'code'];

/** For a response with an error status. The body is any JSON, or undefined. */
export function readEnvelope(body: unknown): Envelope | null {
  return readAny(body, 0);
}

/** For a response with a success status; null if it is no error. */
export function readHiddenEnvelope(body: unknown): Envelope | null {
  const list = asArray(body);
  if (list) return list.some((item) => asObject(item)?.error != null) ? readEnvelope(list) : null;
  const object = asObject(body);
  if (!object) return null;
  // A response may have failed without an error that says why.
  if (isSaid(object.error) || object.status === 'failed') return readEnvelope(object);
  // Some proxies put the error into the interrupted choice.
  const [choice] = asArray(object.choices) ?? [];
  const broken = asObject(choice)?.error;
  if (isSaid(broken)) return readEnvelope({ error: broken });
  const looksWell = SUCCESS_KEYS.some((key) => isSaid(object[key])) || isSuccess(object);
  return !looksWell && REFUSAL_KEYS.some((key) => isSaid(object[key])) ? readEnvelope(object) : null;
}

/** `{"code": 0, "message": "ok"}` is no error. */
function isSuccess({ code, success }: JsonObject): boolean {
  return code === 0 || code === '0' || code === 200 || success === true;
}

function isSaid(error: unknown): boolean {
  if (typeof error === 'object' && error !== null) return Object.keys(error).length > 0;
  return error != null && error !== false && error !== '' && error !== 0;
}

function readAny(value: unknown, depth: number): Envelope | null {
  if (depth > MAX_DEPTH) return null;
  const text = asText(value);
  if (text !== null) return text.trim() === '' ? null : withNested(newEnvelope({ message: text }), depth);
  const list = asArray(value);
  if (list) return readList(list, depth);
  const object = asObject(value);
  return object && readObject(object, depth);
}

function readList(list: readonly unknown[], depth: number): Envelope | null {
  for (const item of list) {
    const envelope = readAny(item, depth + 1);
    if (envelope) return envelope;
  }
  return null;
}

function readObject(object: JsonObject, depth: number): Envelope | null {
  const inner = [object.error, object.errors, object.detail, object.base_resp].find(
    (value) => typeof value === 'object' && isSaid(value),
  );
  const own = readOwn(object);
  const said = inner === undefined ? null : readAny(inner, depth + 1);
  if (said) return own ? merge(said, own) : said;
  return own && withNested(own, depth);
}

/** The fields of the object itself. */
function readOwn(object: JsonObject): Envelope | null {
  const texts = [
    object.message,
    object.msg,
    object.error_msg,
    object.status_msg,
    object.error,
    object.detail,
  ];
  const message = texts.map(asText).find((text) => text?.trim()) ?? '';
  const details = asArray(object.details)?.map(asObject) ?? [];
  const named = [
    object.code,
    object.error_code,
    object.type,
    object.status,
    object.status_code,
    asObject(object.innererror)?.code,
    ...details.map((detail) => detail?.reason),
  ];
  const codes = named.map(asCode).filter((code) => code !== '');
  const param = asText(object.param) || pathOf(object.loc) || fieldOf(details);
  if (message === '' && codes.length === 0) return null;
  return newEnvelope({
    message,
    codes,
    status: codes.map(asStatus).find((status) => status !== undefined),
    param,
    retryDelay: details.find((detail) => detail?.retryDelay != null)?.retryDelay,
  });
}

function newEnvelope(parts: Partial<Envelope>): Envelope {
  return { codes: [], status: undefined, param: '', message: '', retryDelay: undefined, ...parts };
}

/** The inner envelope comes from the server that failed first. */
function merge(inner: Envelope, outer: Envelope): Envelope {
  return {
    codes: [...inner.codes, ...outer.codes],
    status: inner.status ?? outer.status,
    param: inner.param || outer.param,
    message: inner.message || outer.message,
    retryDelay: inner.retryDelay ?? outer.retryDelay,
    ...((inner.unquoted || outer.unquoted) && {
      unquoted: merge(inner.unquoted ?? inner, outer.unquoted ?? outer),
    }),
  };
}

/** `upstream error: {"error": {...}}` contains the envelope of the server that failed first. */
function withNested(envelope: Envelope, depth: number): Envelope {
  const { message } = envelope;
  const start = message.search(/[{[]/);
  const end = Math.max(message.lastIndexOf('}'), message.lastIndexOf(']'));
  if (start === -1 || end < start || message.length > MAX_NESTED_LENGTH) return envelope;
  const nested = parseJson(message.slice(start, end + 1));
  const inner = typeof nested === 'object' ? readAny(nested, depth + 1) : null;
  if (!inner) return envelope;
  const isWhole = message.trim().length === end + 1 - start;
  return isWhole ? merge(inner, envelope) : { ...merge(inner, envelope), unquoted: envelope };
}

function asCode(value: unknown): string {
  return typeof value === 'number' ? String(value) : (asText(value)?.trim() ?? '');
}

function asStatus(code: string): number | undefined {
  return /^[45]\d\d$/.test(code) ? Number(code) : undefined;
}

/** FastAPI's path of a wrong value, `["body", "messages", 0, "content"]`. */
function pathOf(loc: unknown): string {
  const steps = asArray(loc) ?? [];
  return steps.filter((step) => typeof step === 'string' || typeof step === 'number').join('.');
}

/** Google's: `{"fieldViolations": [{"field": "contents"}]}`. */
function fieldOf(details: (JsonObject | null)[]): string {
  const violations = details.flatMap((detail) => asArray(detail?.fieldViolations) ?? []);
  return asText(asObject(violations[0])?.field) ?? '';
}
