import { AppError, afterProcessing } from '../../errors.js';
import { isGemini } from '../../gateway/context-api/model-families.js';
import { ContextMode, type CreatedContext, type NewContext } from '../../gateway/types.js';
import type { Budgets } from '../../limits/budgets.js';
import { estimateMessages } from '../../limits/tokens.js';
import type { WatchedStore } from '../../registry/open-store.js';
import { type ContextRecord, type Holding, NO_USE } from '../../registry/store.js';
import type { RequestContext } from '../../request-context.js';
import { keyOf } from '../names.js';
import { endAfter, toRecord } from '../records.js';
import { mayBeBilled } from './billing.js';
import type { KeptMessages } from './kept-messages.js';

/** The fields at fault are those of the first creation, and not of what the caller has sent now. */
function withoutFields(error: unknown): never {
  if (error instanceof AppError) delete error.details.fields;
  throw error;
}

/** Creates contexts at the gateway and remembers whose they are. */
export class Creation {
  constructor(
    private readonly store: WatchedStore,
    private readonly messages: KeptMessages,
    private readonly budgets: Budgets,
  ) {}

  async create(wanted: NewContext, request: RequestContext): Promise<Holding> {
    await this.store.ready();
    const created = await this.createAndCount(wanted, request);
    return afterProcessing(() => this.remember(created, wanted, request));
  }

  private async remember(created: CreatedContext, wanted: NewContext, request: RequestContext) {
    const { caller } = request;
    // The time to live counts from the moment the answer came.
    const now = request.now();
    const keeps = created.mode === ContextMode.COMMON_PREFIX;
    const messages = keeps
      ? await this.messages.keep(wanted.messages, endAfter(now, created.ttl), now)
      : null;
    const context = toRecord(created, keyOf(caller, created.id), now, messages);
    await this.store.create(context, caller.id);
    return { context, heldAt: now, usedAt: now, totals: NO_USE };
  }

  /**
   * A lost prefix once more, from its kept messages; null where there are none. It counts as a creation of the caller whose chat needs it.
   * Throws OverBudget where that caller may not create one.
   */
  async createAgain(lost: ContextRecord, request: RequestContext): Promise<ContextRecord | null> {
    const messages = await this.messages.read(lost, request.now());
    if (messages === null) return null;
    const { model, ttl } = lost;
    // Gemini's contexts are prefixes without being asked to.
    const mode = isGemini(model) ? {} : { mode: ContextMode.COMMON_PREFIX };
    await this.store.ready();
    await this.budgets.takeCreate(request.caller.id);
    const wanted = { model, messages, ttl, ...mode };
    const created = await this.createAndCount(wanted, request).catch(withoutFields);
    const again = { ...lost, gatewayId: created.id, goneAt: endAfter(request.now(), ttl) };
    return afterProcessing(async () => {
      await this.store.replace(again);
      await this.messages.keepFor(again, request.now());
      return again;
    });
  }

  /** Counts the tokens against the caller's quota, estimated where the gateway does not tell. */
  private async createAndCount(wanted: NewContext, request: RequestContext): Promise<CreatedContext> {
    request.signal.throwIfAborted();
    const estimate = () => estimateMessages(wanted.messages);
    const reservation = await this.budgets.reserve(request.caller.id, estimate);
    let used = 0;
    try {
      const created = await request.dataSources.gateway.createContext(wanted);
      used = created.usage?.promptTokens ?? reservation.tokens;
      return created;
    } catch (error) {
      if (mayBeBilled(error)) used = reservation.tokens;
      throw error;
    } finally {
      await reservation.settle(used);
    }
  }
}
