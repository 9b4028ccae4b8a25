import { createHash } from 'node:crypto';
import type { Caller } from '../auth/caller.js';
import type { Message } from '../gateway/types.js';

/** Ids are unique within one gateway account: the server's, or the caller's own. */
function accountOf({ id, credential }: Caller): string {
  return credential.owner === 'caller' ? id : '';
}

/** Names a context in the registry. */
export function keyOf(caller: Caller, contextId: string): string {
  return `${accountOf(caller)}:${contextId}`;
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

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url');
}
