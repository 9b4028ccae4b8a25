/** The one table of what refusals mean: from codes, statuses and, where both are silent, words to our ErrorCode. */

import { ErrorCode, NO_SUCH_CONTEXT } from '../../errors.js';
import type { CallFacts } from '../types.js';
import type { Envelope } from './envelope.js';
import { isContextLost } from './lost-context.js';

export interface Meaning {
  code: ErrorCode;
  /** For the caller: what to do. */
  message: string;
  /** Where the code alone would say otherwise. */
  retryable?: boolean;
  /** The parameter at fault, where the refusal names it in words alone. */
  param?: string;
  /** What is wrong with that parameter. */
  fault?: string;
}

const CONTENT_REJECTED: Meaning = {
  code: ErrorCode.CONTENT_REJECTED,
  message: 'The gateway’s moderation refused the content. Change the messages.',
};
const QUOTA_EXCEEDED: Meaning = {
  code: ErrorCode.QUOTA_EXCEEDED,
  message: 'The gateway account has no balance left. Top it up, then try again.',
};
const MODEL_NOT_FOUND: Meaning = {
  code: ErrorCode.MODEL_NOT_FOUND,
  message:
    'The gateway has no such model, or it is not open to this account. Query `models` for those it has.',
};
const CONTEXT_NOT_FOUND: Meaning = { code: ErrorCode.CONTEXT_NOT_FOUND, message: NO_SUCH_CONTEXT };
const SESSION_BUSY: Meaning = {
  code: ErrorCode.RATE_LIMITED,
  message: 'The gateway is still answering another chat on this session. Wait for it, then try again.',
};
const RATE_LIMITED: Meaning = {
  code: ErrorCode.RATE_LIMITED,
  message: 'The gateway takes no more requests just now. Wait, then try again.',
};
const TIMED_OUT: Meaning = {
  code: ErrorCode.GATEWAY_TIMEOUT,
  message: 'The gateway gave up waiting. Try again.',
};
const UNAVAILABLE: Meaning = {
  code: ErrorCode.GATEWAY_UNAVAILABLE,
  message: 'The gateway has trouble of its own. Try again later.',
};
const TOO_LARGE: Meaning = {
  code: ErrorCode.BAD_USER_INPUT,
  message: 'The prompt is too large for the model or the gateway. Shorten the messages.',
};
const REFUSED_INPUT: Meaning = {
  code: ErrorCode.BAD_USER_INPUT,
  message:
    'The gateway refused the request. Check the model, the messages and the other parameters against its documentation.',
};
const NOT_THE_CONTRACT: Meaning = {
  code: ErrorCode.GATEWAY_BAD_RESPONSE,
  message:
    'The address of the gateway does not answer as the gateway does. The operator should check GATEWAY_URL.',
};
const NOTHING_FOUND: Meaning = {
  code: ErrorCode.GATEWAY_BAD_RESPONSE,
  message:
    'The gateway answers “not found” and does not say what. Check the model, and that the context exists.',
  retryable: false,
};
const BLOCKED: Meaning = {
  code: ErrorCode.GATEWAY_BAD_RESPONSE,
  message:
    'A firewall or a proxy before the gateway refused the request. The operator should look at what stands between.',
  retryable: false,
};
const SERVER_KEY_REFUSED: Meaning = {
  code: ErrorCode.GATEWAY_AUTH,
  message: 'The gateway refuses this server’s key. The operator has to mend it.',
};
const CALLER_KEY_REFUSED: Meaning = {
  code: ErrorCode.UNAUTHENTICATED,
  message: 'The gateway does not accept this key. Send a valid one as `Authorization: Bearer <key>`.',
};
const CALLER_DENIED: Meaning = {
  code: ErrorCode.FORBIDDEN,
  message: 'The gateway does not let this key do that. Use a key that may.',
};

type Rule = readonly [sign: RegExp, meaning: Meaning | ((call: CallFacts, status: number) => Meaning)];

/** Codes as lower-case letters and digits, separated by blanks. The first that fits holds. */
const BY_CODE: readonly Rule[] = [
  [
    /riskdetection|sensitive|moderation|content(filter|policy|blocked|violation)|policyviolation/,
    CONTENT_REJECTED,
  ],
  [/promptblocked|datainspection|prohibitedcontent|\b(safety|recitation|blocklist)\b/, CONTENT_REJECTED],
  [/overdue|arrear|insufficient(user)?(quota|balance|funds?|credits?)|preconsume|billing/, QUOTA_EXCEEDED],
  [/paymentrequired|(quota|balance)notenough|creditbalance|outofcredits?|freetieronly/, QUOTA_EXCEEDED],
  [/unknownurl|invalidurl|routenotfound/, { ...NOT_THE_CONTRACT, retryable: false }],
  [
    /invalidendpoint|model(is)?not(open|found|exists?|supported|available)|modeldoesnotexist/,
    MODEL_NOT_FOUND,
  ],
  [/(nosuch|unknown|unsupported|invalid)model(id|name|error)?\b|deploymentnotfound/, MODEL_NOT_FOUND],
  [/context(length|window|limit)|outofcontext|too(large|long)|tokens?limit|abovemaxlength/, TOO_LARGE],
  [/authentication|apikey|unauthenticated|unauthorized\b|invalidtoken|tokenexpired/, badKey],
  [/ratelimit|throttl|toomanyrequests|serveroverloaded|quotaexceeded|resourceexhausted/, RATE_LIMITED],
  [/requestlimit|concurrency|limitexceeded/, RATE_LIMITED],
  [/accessdenied|permission|forbidden|unauthorized|unsupportedcountry/, denied],
];

/** Codes that say less than the status of a refusal does. */
const BY_BROAD_CODE: readonly Rule[] = [
  [/timeout|deadlineexceeded/, TIMED_OUT],
  [
    /invalid|missing|badrequest|validation|valueerror|unprocessable|failedprecondition|outofrange/,
    REFUSED_INPUT,
  ],
  [/unknownparameter|unsupported(parameter|value)|parametererror|typeerror/, REFUSED_INPUT],
];
/** What services say of themselves; a 4xx says more. */
const OWN_TROUBLE = /unavailable|internal|servererror|serviceerror|overloaded|upstream|apierror/;

/** Words of messages, read only where no code says more. */
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
/** Where the status is a success and says nothing either. */
const BY_WORDS_ALONE: readonly Rule[] = [
  [/rate limit|too many requests/i, RATE_LIMITED],
  [/overloaded|unavailable|try again|time(d )?[ -]?out|internal|upstream|connection/i, UNAVAILABLE],
  [/(invalid|incorrect|missing) (api )?key|unauthorized|authenticat/i, badKey],
  [/\bmodel\b.{0,80}\b(not found|not exist|not supported)/is, MODEL_NOT_FOUND],
  [/too (long|large)|maximum context|context length/i, TOO_LARGE],
  [/invalid|unknown|unexpected|unsupported|not supported|not allowed|missing|required|must/i, REFUSED_INPUT],
];

/** What an answer means that says no, or that is no answer of this gateway. */
export function meaningOf(answerStatus: number, said: Envelope | null, call: CallFacts): Meaning {
  if (said === null) return withoutEnvelope(answerStatus, call);
  const codes = said.codes.map((code) => code.replace(/[^a-z\d]/gi, '').toLowerCase()).join(' ');
  const status = said.status ?? (answerStatus < 400 && /\bnotfound\b/.test(codes) ? 404 : answerStatus);
  if (status === 413) return TOO_LARGE;
  if (isBusy(said)) return SESSION_BUSY;
  const tooShort = tooShortToCache(said.message);
  if (tooShort) return tooShort;
  if (call.operation === 'chat' && isContextLost(said, status, call.contextId)) return CONTEXT_NOT_FOUND;
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

/** A page, an empty body: it comes from something before the gateway, or from no gateway. */
function withoutEnvelope(status: number, call: CallFacts): Meaning {
  if (status === 413) return TOO_LARGE;
  if (status === 400 || status === 422) return REFUSED_INPUT;
  if (status === 403) return BLOCKED;
  if (status >= 500) return UNAVAILABLE;
  return byStatus(status, null, call) ?? NOT_THE_CONTRACT;
}

/** Statuses that say it all. */
function byStatus(status: number, said: Envelope | null, call: CallFacts): Meaning | undefined {
  if (status === 401) return badKey(call, status);
  if (status === 402) return QUOTA_EXCEEDED;
  if (status === 403) return denied(call);
  if (status === 404 && said !== null) return notFound(said, call);
  if (status === 408) return TIMED_OUT;
  if (status === 429) return RATE_LIMITED;
  if (status === 405 || (status >= 300 && status < 400)) return NOT_THE_CONTRACT;
  return undefined;
}

/** A refusal of the path, of the model, or of something that is not said. */
function notFound({ message, param, codes }: Envelope, call: CallFacts): Meaning {
  const namesPath = /invalid url|\b(post|get) \/|cannot (post|get)|no route|page not found|request url/i;
  if (call.operation === 'models' || namesPath.test(message) || /^not found\.?$/i.test(message.trim())) {
    return { ...NOT_THE_CONTRACT, retryable: false };
  }
  const namesModel =
    param === 'model' || /\b(model|endpoint|deployment)s?\b|模型/i.test(`${codes} ${message}`);
  return namesModel ? MODEL_NOT_FOUND : NOTHING_FOUND;
}

/** Gemini's two sentences for a prompt that is too short to be cached. */
function tooShortToCache(message: string): Meaning | undefined {
  const signs = /min_total_token_count=(\d{1,9})|minimum token count to start caching is (\d{1,9})/i;
  const found = signs.exec(message);
  if (!found) return undefined;
  const fault = `must have at least ${found[1] ?? found[2]} tokens together: the gateway caches no shorter prompt`;
  return { code: ErrorCode.BAD_USER_INPUT, message: `input.messages ${fault}`, param: 'messages', fault };
}

/** Ark: "context is in invalid state: InProgress". */
function isBusy({ codes, message }: Envelope): boolean {
  return codes.some((code) => /^OperationDenied\.InvalidState/i.test(code)) && /in ?progress/i.test(message);
}

/** With 403 the key is known, and may not do this. */
function badKey({ credential }: CallFacts, status: number): Meaning {
  if (credential.owner === 'server') return SERVER_KEY_REFUSED;
  return status === 403 ? CALLER_DENIED : CALLER_KEY_REFUSED;
}

function denied({ credential }: CallFacts): Meaning {
  return credential.owner === 'caller' ? CALLER_DENIED : SERVER_KEY_REFUSED;
}
