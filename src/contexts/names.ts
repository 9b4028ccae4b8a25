import { createHash } from 'node:crypto';
import type { Caller } from '../auth/caller.js';
import type { Message } from '../gateway/types.js';

/** Ids are unique within one gateway account: the server's, or the caller's own. */
function accountOf({ id, credential }: Caller): string {
  return credential.owner === 'caller' ? id : '';
}

/**
 * Names a context in the registry. The gateway's id is first: ids come in an order, as they begin with a time, so that new ones stand
 * next to each other in a store's index. Behind its account each would be on a page of its own.
 */
export function keyOf(caller: Caller, contextId: string): string {
  return `${contextId}:${accountOf(caller)}`;
}

/** Equal messages have one name, whoever sends them. */
export function nameOfMessages(messages: Message[]): string {
  return `messages:${hash(canonical(messages))}`;
}

export interface Prefix {
  model: string;
  messages: Message[];
  ttl?: number | null;
}

/** Names a prefix among those that `sharers` may share. */
export function nameOfPrefix({ model, messages, ttl }: Prefix, caller: Caller, sharers: string): string {
  return `reuse:${hash([accountOf(caller), sharers, model, ttl ?? null, canonical(messages)])}`;
}

export function canonical(messages: Message[]): [Message['role'], Message['content']][] {
  return messages.map(({ role, content }) => [role ?? null, content ?? null]);
}

/**
 * Characters that are read at once: each text and each buffer beyond 128 KB has pages of its own, which cost more to be
 * mapped than all else that is done with it.
 */
const PIECE = 16_384;

/** By what JSON says of it, with the hash of each long text in the text's place. */
function hash(value: unknown): string {
  const text = JSON.stringify(value, (_, part) =>
    typeof part === 'string' && part.length > PIECE ? { sha256: hashOfText(part) } : part,
  );
  return createHash('sha256').update(text).digest('base64url');
}

function hashOfText(text: string): string {
  const sum = createHash('sha256');
  // As UTF-16, which may be cut anywhere.
  for (let at = 0; at < text.length; at += PIECE) sum.update(text.slice(at, at + PIECE), 'utf16le');
  return sum.digest('base64url');
}
