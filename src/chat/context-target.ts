import type { ChatUse, Contexts } from '../contexts/contexts.js';
import { contextTokens } from '../contexts/creation/billing.js';
import { contextKey } from '../contexts/keys.js';
import { apiOfContext, isPrefix } from '../contexts/records.js';
import type { ContextCache } from '../contexts/types.js';
import type { Lease, Leases } from '../coordination/leases.js';
import { AppError, badUserInput, contextNotFound, ErrorCode } from '../errors.js';
import type { ApiName } from '../gateway/apis.js';
import type { NewChat } from '../gateway/types.js';
import type { ModelList } from '../pricing/model-list.js';
import { CacheStatus, type CacheUse } from '../prompts/types.js';
import type { RequestContext } from '../request-context.js';
import type { OwnedContext } from '../store/store.js';
import type { ChatTarget, GatewayChat } from './chat-target.js';
import type { ChatInput } from './input.js';

export interface LockedContextParts {
  contexts: Contexts;
  leases: Leases;
  models: ModelList;
}

export type ContextChatInput = ChatInput & { contextId: string };

/** The context of one chat, the caller's or unknown here; a session is locked until `unlock`. */
export class ContextTarget implements ChatTarget {
  private isRecovered = false;

  private constructor(
    private readonly contexts: Contexts,
    private readonly request: RequestContext,
    private chat: NewChat,
    private current: OwnedContext | null,
    /** Sessions only: two chats at once would race for the history. */
    private readonly lease: Lease | null,
    private readonly hasKey: boolean,
    /** For a context that is not known here. */
    private readonly defaultApi: ApiName,
  ) {}

  /** Waits until no other chat runs on a session. */
  static async lock(input: ContextChatInput, parts: LockedContextParts, request: RequestContext) {
    const { contexts, leases, models } = parts;
    const owned = await contexts.findOwned(input.contextId, request);
    // With the server's key the store knows every context; with a caller's own key the gateway decides about the others.
    if (!owned && request.caller.credential.owner === 'server') throw contextNotFound();
    const chat = toNewChat(input, owned);
    const lease = isShareable(input.contextId, owned)
      ? null
      : await leases.acquire(`chat:${contextKey(request.caller, input.contextId)}`, request.signal);
    const hasKey = input.idempotencyKey != null;
    const api = models.apiOf(chat.model);
    const locked = new ContextTarget(contexts, request, chat, owned, lease, hasKey, api);
    try {
      if (owned) locked.goOnWith(await contexts.current(owned, request));
      return locked;
    } catch (error) {
      await locked.unlock();
      throw error;
    }
  }

  private goOnWith(current: OwnedContext): void {
    this.current = current;
    this.chat = { ...this.chat, contextId: current.context.gatewayId };
  }

  get model(): string {
    return this.chat.model;
  }

  get api(): ApiName {
    return this.current ? apiOfContext(this.current.context) : this.defaultApi;
  }

  get expiresAt(): number | undefined {
    return this.current?.context.expiresAt;
  }

  get cache(): CacheUse {
    const status = this.isRecovered ? CacheStatus.RECREATED : CacheStatus.USED;
    return { status, reason: null, prompt: null, promptVersion: null };
  }

  get keepsHistory(): boolean {
    return this.lease !== null;
  }

  get repeatable(): boolean {
    return !this.keepsHistory && !this.hasKey;
  }

  async estimateTokens(): Promise<number> {
    return this.current ? contextTokens(this.current) : 0;
  }

  ask<T>(call: GatewayChat<T>): Promise<T> {
    return call(this.request.gatewayUntil(this.lease?.signal), this.chat);
  }

  mayRecover(error: unknown): boolean {
    const isLost = error instanceof AppError && error.code === ErrorCode.CONTEXT_NOT_FOUND;
    return isLost && this.current !== null;
  }

  /** Creates the lost context again. Throws where it cannot, or where it is lost a second time. */
  async recover(): Promise<void> {
    if (!this.current) throw contextNotFound();
    if (this.isRecovered) await this.contexts.removeLost(this.current, this.request);
    this.goOnWith(await this.contexts.recover(this.current, this.request));
    this.isRecovered = true;
  }

  /** A context that is not known here is not counted. */
  async use(used: ChatUse): Promise<ContextCache | null> {
    return this.current ? this.contexts.use(this.current, used, this.request) : null;
  }

  async unlock(): Promise<void> {
    await this.lease?.release();
  }
}

/** Decided by the context alone. One that is not known here may be a session, unless its id says otherwise. */
function isShareable(id: string, owned: OwnedContext | null): boolean {
  return owned ? isPrefix(owned.context) : /(^|\/)cachedContents\//.test(id);
}

function toNewChat(input: ContextChatInput, owned: OwnedContext | null): NewChat {
  const { idempotencyKey: _, prompt: __, onDisconnect: ___, ...asked } = input;
  const model = input.model ?? owned?.context.model;
  if (model !== undefined) return { ...asked, model, contextId: owned?.context.gatewayId ?? input.contextId };
  const message = 'must be given: the model that this context was created for is not known here';
  throw badUserInput(`input.model ${message}`, [{ path: ['input', 'model'], message }]);
}
