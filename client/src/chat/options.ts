import type { ContextCacheClient } from '../client.js';
import type { ChatInput, ContextMode } from '../operations.js';
import type { ChatStorage } from './storage.js';

/** A chat with one of the operator's prompts, or with a context. */
export type ChatTarget =
  | { prompt: string; contextId?: undefined }
  /** `mode` as `createContext` returned it; if absent, the server is asked. */
  | { contextId: string; mode?: ContextMode | null | undefined; prompt?: undefined };

export type ContextChatOptions = ChatTarget & {
  client: ContextCacheClient;
  /** Names the chat in the storage. Default: the prompt or the context. */
  id?: string | undefined;
  /** Default: `sessionStorage`. With null, a reload forgets the chat. */
  storage?: ChatStorage | null | undefined;
  /** Sent with each question. */
  parameters?: Omit<ChatInput, 'prompt' | 'contextId' | 'messages' | 'n' | 'idempotencyKey' | 'onDisconnect'>;
};
