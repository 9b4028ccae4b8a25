import type { Envelope } from './envelope.js';

/**
 * Whether a refused chat says that its context is gone. A context taken for lost is destroyed, or created and billed again:
 * so only a code, a parameter or a sentence that names the context itself counts, and all else leaves it alone.
 */
export function isContextLost(said: Envelope, status: number, contextId: string | undefined): boolean {
  const parts = said.codes.flatMap((code) => [code, ...code.split('.')]);
  if (parts.some((part) => LOST_CODE.test(plain(part)))) return true;
  if (CONTEXT_PARAM.test(said.param))
    return status === 404 || said.codes.some((code) => GONE.test(plain(code)));
  if (![400, 403, 404, 410].includes(status)) return false;
  const sentence = withoutRequestId(said.message);
  return saysGoogle(sentence, contextId) || (status !== 403 && saysOf(sentence, contextId));
}

/** `ContextNotFound`, `context_id_not_found`, `PreviousResponseNotFound`, `CACHED_CONTENT_EXPIRED`, ... */
const LOST_CODE =
  /^(context(cache)?(id)?|previousresponse(id)?|cachedcontent)(notfound|notexists?|doesnotexist|expired|gone)(error|exception)?$/;
const CONTEXT_PARAM = /^(context_id|previous_response_id|cached_?content)$/i;
const GONE = /(notfound|notexists?|doesnotexist|expired)(error|exception)?$/;

function plain(code: string): string {
  return code.replace(/[^a-z\d]/gi, '').toLowerCase();
}

function withoutRequestId(message: string): string {
  return message.replace(/[\s.]*\(?request id: *[\w-]+\)?\.?\s*$/i, '').trim();
}

/** Google's two sentences for a cached content that is gone, word for word. */
function saysGoogle(sentence: string, contextId: string | undefined): boolean {
  if (/^CachedContent not found \(or permission denied\)\.?$/.test(sentence)) return true;
  const [, tail] = /^Cache content (\S+) is expired\.?$/.exec(sentence) ?? [];
  return tail !== undefined && tail === contextId?.split('/').at(-1);
}

const NAME = String.raw`(?:context(?:[ _]?(?:cache|id))?|cached ?content|上下文)`;
const BEFORE = String.raw`^(?:error: *)?(?:(?:the|this|your|requested|specified|given|provided) )*(?:${NAME}(?: with id)? *[:=]? *)?`;
const WAS = String.raw`(?:(?:is|was|has|have|had|been|does|did|could|can|be|already|either) )*`;
const IS_GONE = String.raw`(?:(?:not|not be|cannot be) found|not exist|no longer exists?|expired|不存在|已过期|已失效)`;
/** Else "has expired" could go on: "has expired credentials". */
const CLAUSE_END = String.raw`(?=$|[.,;:!。，]|\s+(?:or|and)\b)`;
const NOT_THERE = String.raw`^(?:no such|unknown|expired|(?:cannot|could not) find(?: the)?) ${NAME}(?: with id)? *[:=]? *`;
const QUOTE = String.raw`["'\x60“”‘’]?`;

/** A sentence whose subject is this very context, and which says that it is gone. */
function saysOf(sentence: string, contextId: string | undefined): boolean {
  if (!contextId || !sentence.includes(contextId)) return false;
  const id = contextId.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
  const isGone = new RegExp(
    String.raw`${BEFORE}${QUOTE}${id}${QUOTE}[ ,:]*${WAS}${IS_GONE}${CLAUSE_END}`,
    'i',
  );
  const isUnknown = new RegExp(String.raw`${NOT_THERE}${QUOTE}${id}${QUOTE}\.?$`, 'i');
  return isGone.test(sentence) || isUnknown.test(sentence);
}
