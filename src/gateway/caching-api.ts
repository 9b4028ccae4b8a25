import type { CallerCalls } from './caller-calls.js';
import type {
  ChatAnswer,
  ChatAnswerDelta,
  ChatAnswerHead,
  ContextMode,
  CreatedContext,
  NewChat,
  NewContext,
  OnUsage,
} from './types.js';

/** Whether chats extend a context. */
export enum ContextExpiry {
  SLIDING = 'SLIDING',
  FIXED = 'FIXED',
}

/** What an API can do for a model. */
export interface CacheCapabilities {
  modes: ContextMode[];
  expiry: ContextExpiry;
  /** Seconds; null if there is no bound or nobody knows it. */
  minTtl: number | null;
  maxTtl: number | null;
  minPromptTokens: number | null;
  /** Whether contexts can be deleted at the gateway. */
  deletable: boolean;
}

export interface ChatOptions {
  /** Whether the chat may be sent again after its response was lost: no history, no idempotency key. */
  repeatable?: boolean;
  /** Whether the gateway is to add the chat to the context. */
  keepsHistory?: boolean;
  /** When the context ends; milliseconds since the epoch. */
  expiresAt?: number;
  /** Called with the usage of a streamed response as soon as it is known. */
  onUsage?: OnUsage;
}

/** An API of the gateway that caches the beginnings of conversations. */
export interface CachingApi {
  createContext(context: NewContext): Promise<CreatedContext>;
  /** Without a context, the messages are the whole conversation. */
  chat(chat: NewChat, options: ChatOptions): Promise<ChatAnswer>;
  /** The same, streamed: the first `next()` sends it, `return()` aborts it. The return value is the response's head. */
  chatStream(chat: NewChat, options: ChatOptions): AsyncGenerator<ChatAnswerDelta, ChatAnswerHead, void>;
  /** Deletes a context at the gateway, with what it was made from; nothing where that cannot be done. */
  deleteContext(contextId: string): Promise<void>;
}

/** One of the folders here. */
export interface ApiDescription {
  /** Whether the documents say that it caches contexts for this model. */
  isDocumented(model: string): boolean;
  capabilitiesOf(model: string): CacheCapabilities;
  open(calls: CallerCalls, now: () => number): CachingApi;
}
