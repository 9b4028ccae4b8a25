import type { ChatUse } from '../contexts/contexts.js';
import type { ContextCache } from '../contexts/types.js';
import type { ApiName } from '../gateway/apis.js';
import type { GatewayDataSource } from '../gateway/data-source.js';
import type { NewChat } from '../gateway/types.js';
import type { CacheUse } from '../prompts/types.js';

export type GatewayChat<T> = (gateway: GatewayDataSource, chat: NewChat) => Promise<T>;

/** What a chat's messages continue: a context, or a prompt. */
export interface ChatTarget {
  /** The requested model. */
  readonly model: string;
  /** The gateway's API to call. */
  readonly api: ApiName;
  /** When the context ends; undefined if there is none, or nobody knows it. */
  readonly expiresAt: number | undefined;
  /** Whether a chat whose response was lost may be repeated: nothing keeps its history, and no idempotency key forbids it. */
  readonly repeatable: boolean;
  /** Whether the gateway adds the chat to the context, as to a session. */
  readonly keepsHistory: boolean;
  /** How this chat uses the cache. */
  readonly cache: CacheUse;
  /** Estimates the tokens that it adds to the chat's prompt. */
  estimateTokens(): Promise<number>;
  /** Calls the gateway; the call is aborted when the client disconnects or the lease is lost. */
  ask<T>(call: GatewayChat<T>): Promise<T>;
  /** Whether `recover` may fix this error. */
  mayRecover(error: unknown): boolean;
  /** Creates a lost context again, or throws. */
  recover(): Promise<void>;
  /** Counts the chat; fails it only if a chained session would lose the answer. Returns the caller's context after the chat; null if the caller holds none. */
  use(used: ChatUse): Promise<ContextCache | null>;
  /** Idempotent. */
  unlock(): Promise<void>;
}
