/** The only reader of refusals, whatever form they have. What is read here decides; nothing of it is shown but codes and ids. */

import { asArray, asObject, asText, type JsonObject, parseJson } from '../json.js';

export interface Envelope {
  /** Every code, type and status that it names, the most specific first. */
  codes: string[];
  /** HTTP status that stands in the body. */
  status: number | undefined;
  /** The parameter at fault, in the gateway's spelling; FastAPI's `loc` joined by dots. */
  param: string;
  /** May quote prompts and keys: never shown. */
  message: string;
  /** As the gateway writes it: `12s`, or undefined. */
  retryDelay: unknown;
  /** The same without what stands as JSON among the words of a message: that may be a prompt that is quoted. */
  unquoted?: Envelope;
}

/** Proxies wrap each other's refusals: as JSON within a message, or an object in an object. */
const MAX_DEPTH = 4;
/** A longer message is not searched for JSON. */
const MAX_NESTED_LENGTH = 65_536;

/** Names of a success: without any of them, a body with a code or a message is a refusal. */
const SUCCESS_KEYS = ['choices', 'id', 'data', 'usage', 'text', 'candidates'] as const;

const REFUSAL_KEYS = ['message', 'msg', 'detail', 'errors', 'error_msg', 'error_code', 'base_resp', 'code'];

/** Of an answer that refuses by its status: anything that JSON can be, or undefined where the body is none. */
export function readEnvelope(body: unknown): Envelope | null {
  return readAny(body, 0);
}

/** Of an answer that looks well by its status; null where it is no refusal. */
export function readHiddenEnvelope(body: unknown): Envelope | null {
  const list = asArray(body);
  if (list) return list.some((item) => asObject(item)?.error != null) ? readEnvelope(list) : null;
  const object = asObject(body);
  if (!object) return null;
  if (isSaid(object.error)) return readEnvelope(object);
  // Some proxies put what broke off a choice into it.
  const [choice] = asArray(object.choices) ?? [];
  const broken = asObject(choice)?.error;
  if (isSaid(broken)) return readEnvelope({ error: broken });
  const looksWell = SUCCESS_KEYS.some((key) => object[key] != null) || isSuccess(object);
  return !looksWell && REFUSAL_KEYS.some((key) => isSaid(object[key])) ? readEnvelope(object) : null;
}

/** `{"code": 0, "message": "ok"}` says that nothing is wrong. */
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

/** What stands in the object itself. */
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

/** The inner envelope is what the first of several servers said. */
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

/** `upstream error: {"error": {...}}` holds the envelope of whoever refused first. */
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

/** FastAPI's place of a wrong value, `["body", "messages", 0, "content"]`. */
function pathOf(loc: unknown): string {
  const steps = asArray(loc) ?? [];
  return steps.filter((step) => typeof step === 'string' || typeof step === 'number').join('.');
}

/** Google's: `{"fieldViolations": [{"field": "contents"}]}`. */
function fieldOf(details: (JsonObject | null)[]): string {
  const violations = details.flatMap((detail) => asArray(detail?.fieldViolations) ?? []);
  return asText(asObject(violations[0])?.field) ?? '';
}
