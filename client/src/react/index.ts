import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { ContextChat } from '../chat/context-chat.js';
import type { ContextChatOptions } from '../chat/options.js';
import { type ChatState, EMPTY_CHAT } from '../chat/state.js';

export { ContextChat } from '../chat/context-chat.js';
export type { ChatMessage } from '../chat/messages.js';
export type { ChatTarget, ContextChatOptions } from '../chat/options.js';
export type { ChatState, ChatStatus } from '../chat/state.js';
export type { ChatStorage } from '../chat/storage.js';

export interface UseContextChat
  extends ChatState,
    Pick<ContextChat, 'send' | 'stop' | 'regenerate' | 'edit' | 'clear'> {}

/**
 * A chat with a prompt or a context. It is the same as long as `client`, `prompt`, `contextId`, `id` and `storage` are. It is
 * stored, so a component that comes back, also after a reload, goes on with the answer that was coming.
 */
export function useContextChat(options: ContextChatOptions): UseContextChat {
  const { client, prompt, contextId, id, storage } = options;
  const chat = useMemo(() => new ContextChat(options), [client, prompt, contextId, id, storage]);
  // `mode` and `parameters` do not make another chat.
  useEffect(() => chat.update(options));
  const state = useSyncExternalStore(chat.subscribe, chat.getState, () => EMPTY_CHAT);
  useEffect(() => chat.attach(), [chat]);
  const { send, stop, regenerate, edit, clear } = chat;
  return { ...state, send, stop, regenerate, edit, clear };
}
