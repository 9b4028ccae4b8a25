import type { ChatUse } from '../contexts/contexts.js';
import type { ContextCache } from '../contexts/types.js';
import type { GatewayDataSource } from '../gateway/data-source.js';
import type { NewChat } from '../gateway/types.js';
import type { CacheUse } from '../prompts/types.js';
import type { ContextRecord } from '../store/store.js';
import type { ChatInput } from './input.js';

export type GatewayChat<T> = (gateway: GatewayDataSource, chat: NewChat) => Promise<T>;

/** What a chat's messages continue: a context, or a prompt. */
export interface ChatTarget {
  /** The requested model. */
  readonly model: string;
  /** The context as it is now; null if there is none, or this server does not know it. */
  readonly context: ContextRecord | null;
  /** Whether the gateway adds the chat to the context, as to a session. */
  readonly keepsHistory: boolean;
  /** How this chat uses the cache. */
  readonly cache: CacheUse;
  /** Estimates the tokens that it adds to the chat's prompt. */
  estimateTokens(): Promise<number>;
  /** Calls the gateway; the call is aborted when the client disconnects or the lease is lost. */
  ask<T>(call: GatewayChat<T>): Promise<T>;
  /** Creates a lost context again, or throws. */
  recover(): Promise<void>;
  /** Counts the chat; fails it only if a chained session would lose the answer. Returns the caller's context after the chat; null if the caller holds none. */
  use(used: ChatUse): Promise<ContextCache | null>;
  /** Lets the next chat of a session begin. */
  unlock(): Promise<void>;
}

/** What the gateway is asked, but for the model and the context. */
export function askedBy(input: ChatInput): Omit<NewChat, 'model' | 'contextId'> {
  const { contextId: _, prompt: __, model: ___, idempotencyKey: ____, onDisconnect: _____, ...asked } = input;
  return asked;
}
