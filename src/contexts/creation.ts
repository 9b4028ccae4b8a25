import { afterProcessing } from '../errors.js';
import { isGemini } from '../gateway/model-families.js';
import { ContextMode, type CreatedContext, type NewContext } from '../gateway/types.js';
import type { Budgets } from '../limits/budgets.js';
import type { WatchedStore } from '../registry/open-store.js';
import { type ContextRecord, type Holding, NO_USE } from '../registry/store.js';
import type { RequestContext } from '../request-context.js';
import type { KeptMessages } from './kept-messages.js';
import { keyOf } from './names.js';
import { endAfter, toRecord } from './records.js';

export function isPrefix({ model, mode }: Pick<NewContext, 'model' | 'mode'>): boolean {
  return mode === ContextMode.COMMON_PREFIX || isGemini(model);
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
    const created = await request.dataSources.gateway.createContext(wanted);
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
    await this.budgets.spend(caller.id, created.usage?.promptTokens ?? 0);
    return { context, heldAt: now, usedAt: now, totals: NO_USE };
  }

  /** A lost prefix once more, from its kept messages; null where there are none. */
  async createAgain(lost: ContextRecord, request: RequestContext): Promise<ContextRecord | null> {
    const messages = await this.messages.read(lost, request.now());
    if (messages === null) return null;
    const { model, ttl } = lost;
    // Gemini's contexts are prefixes without being asked to.
    const mode = isGemini(model) ? {} : { mode: ContextMode.COMMON_PREFIX };
    await this.store.ready();
    const created = await request.dataSources.gateway.createContext({ model, messages, ttl, ...mode });
    const again = { ...lost, gatewayId: created.id, goneAt: endAfter(request.now(), ttl) };
    return afterProcessing(async () => {
      await this.store.replace(again);
      await this.messages.keepFor(again, request.now());
      return again;
    });
  }
}
