import type { Logger } from 'pino';
import type { Idempotency } from '../coordination/idempotency.js';
import { afterProcessing, contextNotFound } from '../errors.js';
import { ContextExpiry } from '../gateway/caching-api.js';
import type { GatewayUsage } from '../gateway/types.js';
import type { CallerLimits } from '../limits/caller-limits.js';
import { chatBill } from '../pricing/bills.js';
import type { ModelList } from '../pricing/model-list.js';
import type { Prices } from '../pricing/prices.js';
import type { RequestContext } from '../request-context.js';
import type { OwnedContext, Store, Totals, UsedContext } from '../store/store.js';
import { afterAnswer, endOfChain, forked, isChain } from './chain.js';
import { contextTokens } from './creation/billing.js';
import type { Creation } from './creation/creation.js';
import { checkModelRules } from './creation/model-rules.js';
import type { Recovery } from './creation/recovery.js';
import { MIN_LIFETIME_MS, type Reuse } from './creation/reuse.js';
import type { StoredMessages } from './creation/stored-messages.js';
import { type Deletion, isDeletable } from './deletion.js';
import type { CreateContextInput } from './input.js';
import { keptAfter } from './kept.js';
import { contextKey } from './keys.js';
import { addTotals, expiryAfterUse, expiryOf, toContextCache } from './records.js';
import type { ContextCache } from './types.js';

export interface ContextsParts {
  store: Store;
  idempotency: Idempotency;
  creation: Creation;
  reuse: Reuse;
  recovery: Recovery;
  deletion: Deletion;
  messages: StoredMessages;
  limits: CallerLimits;
  models: ModelList;
  log: Logger;
}

/** What a chat has used when it is over. */
export interface ChatUse {
  totals: Totals;
  usage: GatewayUsage;
  /** null if its model has none. */
  prices: Prices | null;
  /** Whether anything of the answer has come. */
  isAnswered: boolean;
  /** The gateway's id of a complete answer. */
  answerId: string | null;
}

/** The operations on contexts. Callers see only those that they own. */
export class Contexts {
  constructor(private readonly parts: ContextsParts) {}

  async create(input: CreateContextInput, request: RequestContext): Promise<ContextCache> {
    checkModelRules(input, this.parts.models.capabilitiesOf(input.model));
    await this.parts.limits.consumeCreate(request.caller.id);
    return this.parts.idempotency.once('createContext', input, request, (own) => this.createNow(input, own));
  }

  private async createNow(input: CreateContextInput, request: RequestContext): Promise<ContextCache> {
    const { creation, reuse } = this.parts;
    if (!input.reuse) {
      const owned = await creation.create(input, request);
      await afterProcessing(() => reuse.remember(input, owned, request));
      return toContextCache(owned);
    }
    const { owned, reused } = await reuse.findOrCreate(input, request);
    return toContextCache(owned, reused);
  }

  findOwned(id: string, request: RequestContext): Promise<OwnedContext | null> {
    const { caller } = request;
    return this.parts.store.ownedContext(caller.id, contextKey(caller, id), request.now());
  }

  async find(id: string, request: RequestContext): Promise<ContextCache> {
    const owned = await this.findOwned(id, request);
    if (!owned) throw contextNotFound();
    return toContextCache(owned);
  }

  /** Also deletes an unowned context at the gateway, if its API can. */
  async forget(id: string, request: RequestContext): Promise<boolean> {
    const { caller } = request;
    const { store, deletion } = this.parts;
    const key = contextKey(caller, id);
    const context = await store.context(key, request.now());
    const wasOwned = await store.removeOwner(caller.id, key, request.now());
    if (wasOwned && context && isDeletable(context)) await deletion.deleteUnowned(key, request);
    return wasOwned;
  }

  /** The context that a chat uses; call while it is locked. Differs from `owned` only if the expiry is FIXED. */
  async current(owned: OwnedContext, request: RequestContext): Promise<OwnedContext> {
    const { context } = owned;
    if (isChain(context)) return endOfChain(this.parts.store, owned, request);
    const isEnding = context.expiresAt - request.now() < MIN_LIFETIME_MS;
    if (!isEnding || context.messages === null || expiryOf(context) !== ContextExpiry.FIXED) return owned;
    // Until it ends, it can be used if it cannot be created again.
    return this.recover(owned, request).catch(() => owned);
  }

  /** Recreates a context that the gateway has lost. */
  async recover(lost: OwnedContext, request: RequestContext): Promise<OwnedContext> {
    return { ...lost, context: await this.parts.recovery.recover(lost.context, request) };
  }

  /** Deletes a context that the gateway has lost and that cannot be recreated; throws CONTEXT_NOT_FOUND. */
  removeLost(lost: OwnedContext, request: RequestContext): Promise<never> {
    return this.parts.recovery.removeLost(lost.context, request);
  }

  /**
   * Adds a chat to the totals and, if it was answered, restarts the ttl as the gateway does. The answer is delivered even if it cannot
   * be counted.
   */
  async use(owned: OwnedContext, used: ChatUse, request: RequestContext): Promise<ContextCache> {
    const { context } = owned;
    const at = request.now();
    const expiresAt = used.isAnswered ? expiryAfterUse(context, at) : context.expiresAt;
    try {
      const updated = await this.count(owned, used, at, expiresAt, request);
      if (updated?.hasMoved === false) throw forked();
      if (updated) {
        await this.parts.messages.extend(updated.context, at);
        return toContextCache(updated);
      }
    } catch (error) {
      // Without the new gateway id, the session would lose this answer.
      if (afterAnswer(context, used.answerId)) throw error;
      const { requestId } = request;
      this.parts.log.error(
        { requestId, missed: used.totals, err: error },
        'the totals of a chat were missed',
      );
    }
    const totals = addTotals(owned.totals, used.totals);
    return toContextCache({ ...owned, context: { ...context, expiresAt }, lastUsedAt: at, totals });
  }

  /** Returns null if the caller has forgotten the context since the chat began. */
  private async count(
    owned: OwnedContext,
    { totals, usage, prices, isAnswered, answerId }: ChatUse,
    at: number,
    expiresAt: number,
    request: RequestContext,
  ): Promise<UsedContext | null> {
    const { store, deletion } = this.parts;
    const { id: caller } = request.caller;
    const { startedAt } = request;
    const { context } = owned;
    const { key, model } = context;
    const next = afterAnswer(context, answerId);
    const moved = next && { from: context, to: next };
    const bill = prices && chatBill({ caller, model, prompt: '', prices }, usage);
    const kept =
      bill && isAnswered ? keptAfter(context, bill, usage, totals.chats > 0, at, contextTokens(owned)) : null;
    const use = { ...totals, at, startedAt, expiresAt, bill, kept, moved };
    const updated = await store.use(caller, key, use);
    if (updated) return updated;
    if (next) deletion.deleteLater(next, request);
    const names = [{ scope: caller, name: model }];
    const extension = { key, expiresAt, kept };
    await store.addUsage({ caller, names, used: totals, at, extension, bills: bill ? [bill] : [] });
    return null;
  }
}
