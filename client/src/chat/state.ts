import type { ContextCacheError } from '../errors.js';
import type { ChatMessage } from './messages.js';

/** `submitted` until the first text has come; `error` if the last answer failed. */
export type ChatStatus = 'ready' | 'submitted' | 'streaming' | 'error';

export interface ChatState {
  readonly messages: readonly ChatMessage[];
  readonly status: ChatStatus;
  /** Why the last answer failed. */
  readonly error: ContextCacheError | undefined;
  /** Tokens of the last answer, those from the cache among them. */
  readonly usage: ChatMessage['usage'];
}

export const EMPTY_CHAT: ChatState = { messages: [], status: 'ready', error: undefined, usage: undefined };

export function stateOf(messages: readonly ChatMessage[]): ChatState {
  const last = messages.at(-1);
  const hasText = last && (last.content !== '' || last.reasoning);
  return {
    messages,
    status:
      last?.state === 'streaming'
        ? hasText
          ? 'streaming'
          : 'submitted'
        : last?.state === 'failed'
          ? 'error'
          : 'ready',
    error: last?.error,
    usage: messages.findLast(({ usage }) => usage)?.usage,
  };
}
