import type { Envelope } from './envelope.js';

/**
 * Whether the error of a chat says that its context is gone. A context taken for lost is destroyed, or created and billed again:
 * so only a code, a parameter or a sentence that names the context itself counts.
 */
export function isContextLost(envelope: Envelope, status: number, contextId: string | undefined): boolean {
  const said = envelope.unquoted ?? envelope;
  const parts = said.codes.flatMap((code) => [code, ...code.split('.')]);
  if (parts.some((part) => LOST_CODE.test(plain(part)))) return true;
  const isGone = status === 404 || said.codes.some((code) => GONE.test(plain(code)));
  if (isGone && [said.param, ...parts].some((name) => CONTEXT_PARAM.test(name))) return true;
  // A success status says nothing, so the words under it count.
  if (status >= 300 && ![400, 403, 404, 410].includes(status)) return false;
  if (said.message.length > MAX_SENTENCE) return false;
  const sentence = withoutRequestId(said.message);
  if (saysGoogle(sentence, contextId)) return true;
  return status !== 403 && (saysNoMore(sentence) || saysOf(sentence, contextId));
}

/** `ContextNotFound`, `context_id_not_found`, `PreviousResponseNotFound`, `CACHED_CONTENT_EXPIRED`, ... */
const LOST_CODE =
  /^(context(cache)?(id)?|previousresponse(id)?|cachedcontent)(notfound|notexists?|doesnotexist|expired|gone)(error|exception)?$/;
const CONTEXT_PARAM = /^(context_id|previous_response_id|cached_?content)$/i;
const GONE = /(notfound|notexists?|doesnotexist|expired)(error|exception)?$/;

/** Longer messages quote something and are no sentence about a context. */
const MAX_SENTENCE = 500;

function plain(code: string): string {
  return code.replace(/[^a-z\d]/gi, '').toLowerCase();
}

function withoutRequestId(message: string): string {
  return message.replace(/[\s.]*\(?request id: *[\w-]+\)?\.?\s*$/i, '').trim();
}

/** Google's exact sentences for a cached content that is gone. */
function saysGoogle(sentence: string, contextId: string | undefined): boolean {
  if (/^CachedContent not found \(or permission denied\)\.?$/.test(sentence)) return true;
  const ofOne = /^(?:Cache content (\S+) is expired|Not found: cached content metadata for (\S+?))\.?$/;
  const [, expired, missing] = ofOne.exec(sentence) ?? [];
  const tail = expired ?? missing;
  return tail !== undefined && tail === contextId?.split('/').at(-1);
}

const NAME =
  '(?:context(?:[ _]?(?:cache|id))?|cached ?content|previous[ _]response(?:[ _]id)?|上下文)(?: with id)? *[:=]? *';
const THE = '(?:(?:the|this|your|requested|specified|given|provided) )*';
/** Ark names the parameter first. Text further on could be a quoted prompt. */
const PARAMETER = String.raw`(?:the parameter \W?(?:context_id|previous_response_id)\W? [^.:;]{0,60}[.:;] +)?`;
const WAS = '(?:(?:is|was|has|have|had|been|does|did|could|can|be|already|either) )*';
const IS_GONE = '(?:(?:not|not be|cannot be) found|not exist|no longer exists?|expired|不存在|已过期|已失效)';
/** Otherwise “has expired” would also match “has expired credentials”. */
const CLAUSE_END = String.raw`(?=$|[.,;:!。，]|\s+(?:or|and)\b)`;
const NOT_THERE = '(?:no such|unknown|expired|(?:cannot|could not) find(?: the)?)';
const QUOTE = '["\'`“”‘’]?';

/** “Context not found” and nothing else: the call names one context, so no other can be meant. */
function saysNoMore(sentence: string): boolean {
  const also = '(?: or (?:has |is |was )?(?:not found|expired|does not exist)|或(?:不存在|已过期|已失效))?';
  return new RegExp(`^${PARAMETER}${THE}${NAME}${WAS}${IS_GONE}${also}[.!。]?$`, 'i').test(sentence);
}

/** A sentence whose subject is this context and which says that it is gone. */
function saysOf(sentence: string, contextId: string | undefined): boolean {
  if (!contextId || !sentence.includes(contextId)) return false;
  const id = QUOTE + contextId.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&') + QUOTE;
  const isGone = `^${PARAMETER}${THE}(?:${NAME})?${id}[ ,:]*${WAS}${IS_GONE}${CLAUSE_END}`;
  const isUnknown = `^${NOT_THERE} ${NAME}${id}[.]?$`;
  const isGoneAs = `^${THE}${NAME}${WAS}${IS_GONE} *[:：] *${id}[.。]?$`;
  return new RegExp(`${isGone}|${isUnknown}|${isGoneAs}`, 'i').test(sentence);
}
