import { invalid, missing } from '../api-error.js';
import {
  type Body,
  checkNumber,
  isObject,
  type Message,
  ROLES,
  type Role,
  refuseNulls,
  requireString,
} from '../checks.js';

export interface ResponseRequest {
  model: string;
  previousId: string | null;
  messages: Message[];
  /** `none`: what is cached is read, and nothing is written. */
  caching: 'none' | 'prefix' | 'turn';
  store: boolean;
  /** Unix seconds; null: the default. */
  expireAt: number | null;
  maxTokens: number;
  stream: boolean;
}

/** Chat parameters that this API lacks. */
const UNKNOWN = [
  'n',
  'stop',
  'logit_bias',
  'presence_penalty',
  'frequency_penalty',
  'messages',
  'context_id',
];
const NOT_WITH_CACHING = ['instructions', 'text'];
const NUMBERS = { temperature: [0, 2], top_p: [0, 1], max_output_tokens: [1, 32_768] } as const;

/** `POST /responses`. */
export function checkResponse(body: Body): ResponseRequest {
  refuseNulls(body);
  const model = requireString(body, 'model');
  const unknown = UNKNOWN.find((name) => body[name] !== undefined);
  if (unknown) throw invalid(unknown, 'is unknown');
  const previousId =
    body.previous_response_id === undefined ? null : requireString(body, 'previous_response_id');
  for (const [name, [min, max]] of Object.entries(NUMBERS)) checkNumber(body[name], name, min, max);
  const caching = checkCaching(body.caching);
  const refused = NOT_WITH_CACHING.find((name) => caching !== 'none' && body[name] !== undefined);
  if (refused) throw invalid(refused, 'is not supported with caching');
  if (caching === 'prefix' && body.stream === true) throw invalid('stream', 'is not supported with a prefix');
  const store = body.store !== false;
  if (caching !== 'none' && !store) throw invalid('store', 'must be true with caching');
  return {
    ...{ model, previousId, caching, store },
    messages: checkInput(body.input),
    expireAt: checkExpireAt(body.expire_at),
    maxTokens: Number(body.max_output_tokens ?? 4_096),
    stream: body.stream === true,
  };
}

function checkCaching(caching: unknown): ResponseRequest['caching'] {
  if (caching === undefined) return 'none';
  if (!isObject(caching) || (caching.type !== 'enabled' && caching.type !== 'disabled'))
    throw invalid('caching.type', 'must be enabled or disabled');
  if (caching.type === 'disabled') return 'none';
  return caching.prefix === true ? 'prefix' : 'turn';
}

function checkExpireAt(expireAt: unknown): number | null {
  if (expireAt === undefined) return null;
  if (typeof expireAt === 'number' && Number.isInteger(expireAt)) return expireAt;
  throw invalid('expire_at', 'must be a time in Unix seconds');
}

function checkInput(input: unknown): Message[] {
  if (input === undefined) throw missing('input');
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  if (!Array.isArray(input) || input.length === 0)
    throw invalid('input', 'must be a text or a non-empty list');
  return input.map((item: unknown, index): Message => {
    const { role = 'user', content } = isObject(item) ? item : {};
    if (!ROLES.includes(role)) throw invalid(`input[${index}].role`, 'is unknown');
    return { role: role as Role, content: textOf(content, index) };
  });
}

function textOf(content: unknown, index: number): string {
  if (typeof content === 'string') return content;
  const parts = Array.isArray(content) ? content : [];
  const texts = parts.map((part) => (isObject(part) ? part.text : undefined));
  if (texts.length > 0 && texts.every((text) => typeof text === 'string')) return texts.join('');
  throw invalid(`input[${index}].content`, 'must be a text or a list of texts');
}
