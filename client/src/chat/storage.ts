import { ContextCacheError, type ErrorDetails } from '../errors.js';
import type { ChatMessage } from './messages.js';

/** Where chats survive a reload, e.g. `sessionStorage` or `localStorage`. */
export type ChatStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** The page's `sessionStorage`; null if there is none. Node and Deno have one, too, but all users of a server would share it. */
export function defaultStorage(): ChatStorage | null {
  try {
    return globalThis.window?.sessionStorage ?? null;
  } catch {
    // The browser permits none.
    return null;
  }
}

export function readMessages(storage: ChatStorage | null, key: string): ChatMessage[] {
  try {
    const messages: ChatMessage[] = JSON.parse(storage?.getItem(key) ?? '[]');
    return messages.map(({ error, ...message }) =>
      error ? { ...message, error: restoreError(error) } : message,
    );
  } catch {
    // Not permitted, or written by somebody else.
    return [];
  }
}

export function writeMessages(
  storage: ChatStorage | null,
  key: string,
  messages: readonly ChatMessage[],
): void {
  try {
    if (messages.length === 0) storage?.removeItem(key);
    else storage?.setItem(key, JSON.stringify(messages));
  } catch {
    // It is full, or not permitted: the chat goes on without.
  }
}

function restoreError({ message, ...details }: ErrorDetails & { message: string }): ContextCacheError {
  return new ContextCacheError(message, details);
}
