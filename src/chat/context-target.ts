import type { ChatUse, Contexts } from '../contexts/contexts.js';
import { contextTokens } from '../contexts/creation/billing.js';
import { contextKey } from '../contexts/keys.js';
import { isPrefix } from '../contexts/records.js';
import type { ContextCache } from '../contexts/types.js';
import type { Lease, Leases } from '../coordination/leases.js';
import { contextNotFound, invalidFields } from '../errors.js';
import type { NewChat } from '../gateway/types.js';
import { CacheStatus, type CacheUse } from '../prompts/types.js';
import type { RequestContext } from '../request-context.js';
import type { ContextRecord, OwnedContext } from '../store/store.js';
import { askedBy, type ChatTarget, type GatewayChat } from './chat-target.js';
import type { ChatInput } from './input.js';

/** The context of one chat, the caller's or unknown here; a session is locked until `unlock`. */
export class ContextTarget implements ChatTarget {
  private isRecovered = false;

  private constructor(
    private readonly contexts: Contexts,
    private readonly request: RequestContext,
    private readonly chat: NewChat,
    private owned: OwnedContext | null,
    /** Sessions only: two chats at once would race for the history. */
    private readonly lease: Lease | null,
  ) {}

  /** Waits until no other chat runs on a session. */
  static async lock(
    contextId: string,
    input: ChatInput,
    { contexts, leases }: { contexts: Contexts; leases: Leases },
    request: RequestContext,
  ) {
    const owned = await contexts.findOwned(contextId, request);
    // With the server's key the store knows every context; with a caller's own key the gateway decides about the others.
    if (!owned && request.caller.credential.owner === 'server') throw contextNotFound();
    const chat = { ...askedBy(input), contextId, model: modelOf(input, owned) };
    const lease = isShareable(contextId, owned)
      ? null
      : await leases.acquire(`chat:${contextKey(request.caller, contextId)}`, request.signal);
    try {
      const current = owned && (await contexts.current(owned, request));
      return new ContextTarget(contexts, request, chat, current, lease);
    } catch (error) {
      await lease?.release();
      throw error;
    }
  }

  get model(): string {
    return this.chat.model;
  }

  get context(): ContextRecord | null {
    return this.owned?.context ?? null;
  }

  get cache(): CacheUse {
    const status = this.isRecovered ? CacheStatus.RECREATED : CacheStatus.USED;
    return { status, reason: null, prompt: null, promptVersion: null };
  }

  get keepsHistory(): boolean {
    return this.lease !== null;
  }

  async estimateTokens(): Promise<number> {
    return this.owned ? contextTokens(this.owned) : 0;
  }

  ask<T>(call: GatewayChat<T>): Promise<T> {
    const contextId = this.context?.gatewayId ?? this.chat.contextId;
    return call(this.request.gatewayUntil(this.lease?.signal), { ...this.chat, contextId });
  }

  /** Creates the lost context again. Throws where it cannot, or where it is lost a second time. */
  async recover(): Promise<void> {
    if (!this.owned) throw contextNotFound();
    if (this.isRecovered) await this.contexts.removeLost(this.owned, this.request);
    this.owned = await this.contexts.recover(this.owned, this.request);
    this.isRecovered = true;
  }

  /** A context that is not known here is not counted. */
  async use(used: ChatUse): Promise<ContextCache | null> {
    return this.owned ? this.contexts.use(this.owned, used, this.request) : null;
  }

  async unlock(): Promise<void> {
    await this.lease?.release();
  }
}

/** Decided by the context alone. One that is not known here may be a session, unless its id says otherwise. */
function isShareable(id: string, owned: OwnedContext | null): boolean {
  return owned ? isPrefix(owned.context) : /(^|\/)cachedContents\//.test(id);
}

function modelOf({ model }: ChatInput, owned: OwnedContext | null): string {
  const known = model ?? owned?.context.model;
  if (known !== undefined) return known;
  const message = 'must be given: the model that this context was created for is not known here';
  throw invalidFields([{ path: ['input', 'model'], message }]);
}
