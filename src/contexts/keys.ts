import { createHash } from 'node:crypto';
import type { Caller } from '../auth/caller.js';
import type { Message, NewContext } from '../gateway/types.js';

/** Ids are unique within a gateway account. The gateway's ids begin with a time. With the id first, new contexts are neighbours in the store's index. */
export function contextKey({ account }: Caller, contextId: string): string {
  return `${contextId}:${account}`;
}

/** The same messages have the same key for every caller. */
export function messagesKey(messages: Message[]): string {
  return `messages:${hash(canonical(messages))}`;
}

/** Of the prompts' contexts in the server's own gateway account. No caller has this id. */
export const PROMPT_HOLDER = 'prompts';

/**
 * Owns the contexts of prompts in the caller's gateway account, so that they are in no caller's list, and pays for creating and keeping
 * them.
 */
export function promptHolder({ account }: Caller): string {
  return account === '' ? PROMPT_HOLDER : `${PROMPT_HOLDER}@${account}`;
}

/** The scope in which the store sums up a caller's chats by prompt. */
export function promptUsageScope(callerId: string): string {
  return `prompts:${callerId}`;
}

/** `scope`: the callers who may share the prefix. */
export function prefixKey({ model, messages, ttl }: NewContext, { account }: Caller, scope: string): string {
  return `reuse:${hash([account, scope, model, ttl ?? null, canonical(messages)])}`;
}

export function canonical(messages: Message[]): [Message['role'], Message['content']][] {
  return messages.map(({ role, content }) => [role ?? null, content ?? null]);
}

/** Characters per update. V8 and Node map pages for each string or buffer over 128 KB, which costs more than hashing it. */
const PIECE = 16_384;

/** Hashes the JSON of the value, with long strings replaced by their own hashes. */
function hash(value: unknown): string {
  const text = JSON.stringify(value, (_, part) =>
    typeof part === 'string' && part.length > PIECE ? { sha256: hashText(part) } : part,
  );
  return createHash('sha256').update(text).digest('base64url');
}

function hashText(text: string): string {
  const sum = createHash('sha256');
  // UTF-16 can be cut between any two code units.
  for (let at = 0; at < text.length; at += PIECE) sum.update(text.slice(at, at + PIECE), 'utf16le');
  return sum.digest('base64url');
}
