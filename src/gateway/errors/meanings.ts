/** Maps codes, messages and statuses of error responses to their meanings. */

import type { CallFacts } from '../types.js';
import type { Envelope } from './envelope.js';
import { isContextLost } from './lost-context.js';
import {
  BLOCKED,
  CALLER_DENIED,
  CALLER_KEY_REFUSED,
  CONTENT_REJECTED,
  CONTEXT_NOT_FOUND,
  type Meaning,
  MODEL_NOT_FOUND,
  NOT_THE_CONTRACT,
  NOTHING_FOUND,
  QUOTA_EXCEEDED,
  RATE_LIMITED,
  REFUSED_INPUT,
  SERVER_KEY_REFUSED,
  SESSION_BUSY,
  TIMED_OUT,
  TOO_LARGE,
  TOO_SHORT,
  UNAVAILABLE,
  WRONG_ADDRESS,
} from './refusals.js';

type Rule = readonly [sign: RegExp, meaning: Meaning | ((call: CallFacts, status: number) => Meaning)];

/** Codes in lower-case letters and digits, separated by blanks. The first match counts. */
const BY_CODE: readonly Rule[] = [
  [
    /riskdetection|sensitive|moderation|content(filter|policy|blocked|violation)|policyviolation/,
    CONTENT_REJECTED,
  ],
  [/promptblocked|datainspection|prohibitedcontent|\b(safety|recitation|blocklist)\b/, CONTENT_REJECTED],
  [/overdue|arrear|insufficient(user)?(quota|balance|funds?|credits?)|preconsume|billing/, QUOTA_EXCEEDED],
  [/paymentrequired|(quota|balance)notenough|creditbalance|outofcredits?|freetieronly/, QUOTA_EXCEEDED],
  [/unknownurl|invalidurl|routenotfound/, WRONG_ADDRESS],
  [
    /invalidendpoint|model(is)?not(open|found|exists?|supported|available)|modeldoesnotexist/,
    MODEL_NOT_FOUND,
  ],
  [/(nosuch|unknown|unsupported|invalid)model(id|name|error)?\b|deploymentnotfound/, MODEL_NOT_FOUND],
  [/context(length|window|limit)|outofcontext|too(large|long)|abovemaxlength/, TOO_LARGE],
  // With 429, of the tokens per minute.
  [/tokens?limit/, (_, status) => (status === 429 ? RATE_LIMITED : TOO_LARGE)],
  [/authentication|apikey|unauthenticated|unauthorized\b|invalidtoken|tokenexpired/, badKey],
  [/ratelimit|throttl|toomanyrequests|serveroverloaded|quotaexceeded|resourceexhausted/, RATE_LIMITED],
  [/requestlimit|concurrency|limitexceeded|bursttoofast|inflightbatchsize/, RATE_LIMITED],
  [/accessdenied|permission|forbidden|unauthorized|unsupportedcountry/, denied],
];

/** Codes that are less specific than an error status. */
const BY_BROAD_CODE: readonly Rule[] = [
  [/timeout|deadlineexceeded/, TIMED_OUT],
  [
    /invalid|missing|badrequest|validation|valueerror|unprocessable|failedprecondition|outofrange/,
    refusedInput,
  ],
  [/unknownparameter|unsupported(parameter|value)|parametererror|typeerror/, refusedInput],
];
/** Failures of the service; a 4xx is more specific. */
const OWN_TROUBLE = /unavailable|internal|servererror|serviceerror|overloaded|upstream|apierror/;

/** Patterns of messages, used if no code matches. */
const BY_WORDS: readonly Rule[] = [
  [/\bflagged\b|moderation/i, CONTENT_REJECTED],
  [/\bapi[ _-]?key (is )?(not valid|invalid|expired)|(invalid|incorrect) api[ _-]?key/i, badKey],
  [
    /prohibited_content|sensitive[_ ]words?|content[_ ](filter|policy)|content management policy|敏感/i,
    CONTENT_REJECTED,
  ],
  [
    /insufficient (user )?(quota|balance|credits?|funds?)|quota is not enough|exceeded your current quota/i,
    QUOTA_EXCEEDED,
  ],
  [/credit balance is too low|out of credits?|(余额|额度)(不足|已用尽)|欠费/i, QUOTA_EXCEEDED],
];
/** For errors with a success status. */
const BY_WORDS_ALONE: readonly Rule[] = [
  [/rate limit|too many requests/i, RATE_LIMITED],
  [/overloaded|unavailable|try again|time(d )?[ -]?out|internal|upstream|connection/i, UNAVAILABLE],
  [/(invalid|incorrect|missing) (api )?key|unauthorized|authenticat/i, badKey],
  [/\bmodel\b.{0,80}\b(not found|not exist|not supported)/is, MODEL_NOT_FOUND],
  [/too (long|large)|maximum context|context length/i, TOO_LARGE],
  [/invalid|unknown|unexpected|unsupported|not supported|not allowed|missing|required|must/i, REFUSED_INPUT],
];

/** Maps an error response, or one not from the gateway, to its meaning. */
export function meaningOf(answerStatus: number, said: Envelope | null, call: CallFacts): Meaning {
  if (said === null) return withoutEnvelope(answerStatus, call);
  const codes = said.codes.map((code) => code.replace(/[^a-z\d]/gi, '').toLowerCase()).join(' ');
  const status = said.status ?? (answerStatus < 400 && /\bnotfound\b/.test(codes) ? 404 : answerStatus);
  if (status === 413) return TOO_LARGE;
  if (isBusy(said)) return SESSION_BUSY;
  const tooShort = tooShortToCache(said.message, call);
  if (tooShort) return tooShort;
  const namesContext = call.operation === 'chat' || call.operation === 'deleteContext';
  if (namesContext && isContextLost(said, status, call.contextId)) return CONTEXT_NOT_FOUND;
  const { message } = said;
  const first = (rules: readonly Rule[], text: string) => {
    const meaning = rules.find(([sign]) => sign.test(text))?.[1];
    return typeof meaning === 'function' ? meaning(call, status) : meaning;
  };
  return (
    first(BY_CODE, codes) ??
    first(BY_WORDS, message) ??
    byStatus(status, said, call) ??
    (status >= 500 && OWN_TROUBLE.test(codes.split(' ', 1).join()) ? UNAVAILABLE : undefined) ??
    first(BY_BROAD_CODE, codes) ??
    (status < 400 && !OWN_TROUBLE.test(codes) ? first(BY_WORDS_ALONE, message) : undefined) ??
    (status < 400 || status >= 500 ? UNAVAILABLE : REFUSED_INPUT)
  );
}

/** An HTML page or an empty body comes from a proxy, or from another server. */
function withoutEnvelope(status: number, call: CallFacts): Meaning {
  if (status === 413) return TOO_LARGE;
  if (status === 400 || status === 422) return REFUSED_INPUT;
  if (status === 403) return BLOCKED;
  if (status === 404) return WRONG_ADDRESS;
  return byStatus(status, null, call) ?? (status >= 500 ? UNAVAILABLE : NOT_THE_CONTRACT);
}

/** Statuses that need no code. */
function byStatus(status: number, said: Envelope | null, call: CallFacts): Meaning | undefined {
  if (status === 401) return badKey(call, status);
  if (status === 402) return QUOTA_EXCEEDED;
  if (status === 403) return denied(call);
  if (status === 404 && said !== null) return notFound(said, call);
  // 524 is Cloudflare's: the gateway behind it began no answer in time.
  if (status === 408 || status === 524) return TIMED_OUT;
  if (status === 429) return RATE_LIMITED;
  if (status === 405 || (status >= 300 && status < 400)) return NOT_THE_CONTRACT;
  return undefined;
}

/** The path, the model, or something unnamed was not found. */
function notFound({ message, param, codes }: Envelope, call: CallFacts): Meaning {
  const namesPath = /invalid url|\b(post|get) \/|cannot (post|get)|no route|page not found|request url/i;
  if (call.operation === 'models' || namesPath.test(message) || /^not found\.?$/i.test(message.trim())) {
    return WRONG_ADDRESS;
  }
  const namesModel =
    param === 'model' || /\b(model|endpoint|deployment)s?\b|模型/i.test(`${codes} ${message}`);
  return namesModel ? MODEL_NOT_FOUND : NOTHING_FOUND;
}

/** Gemini's two messages for a prompt too short to cache and, for creations only, “at least N tokens”. */
function tooShortToCache(message: string, { operation }: CallFacts): Meaning | undefined {
  const signs = /min_total_token_count=(\d{1,9})|minimum token count to start caching is (\d{1,9})/i;
  const words = /\bat least (\d{1,9}) tokens\b/i;
  const found = signs.exec(message) ?? (operation === 'createContext' ? words.exec(message) : null);
  if (!found) return undefined;
  const fault = `must have at least ${found[1] ?? found[2]} tokens together: the gateway caches no shorter prompt`;
  return { ...TOO_SHORT, message: `input.messages ${fault}`, fault };
}

/** Ark: "context is in invalid state: InProgress". */
function isBusy({ codes, message }: Envelope): boolean {
  return codes.some((code) => /^OperationDenied\.InvalidState/i.test(code)) && /in ?progress/i.test(message);
}

/** 502 and above concern the gateway, whatever type they have: some say `invalid_request_error` with 503. */
function refusedInput(_: CallFacts, status: number): Meaning {
  return status > 500 ? UNAVAILABLE : REFUSED_INPUT;
}

/** 403: the key is known, but not allowed to do this. */
function badKey({ credential }: CallFacts, status: number): Meaning {
  if (credential.owner === 'server') return SERVER_KEY_REFUSED;
  return status === 403 ? CALLER_DENIED : CALLER_KEY_REFUSED;
}

function denied({ credential }: CallFacts): Meaning {
  return credential.owner === 'caller' ? CALLER_DENIED : SERVER_KEY_REFUSED;
}
