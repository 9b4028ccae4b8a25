import { afterProcessing, withoutFields } from '../../errors.js';
import { type ApiName, defaultApi } from '../../gateway/apis.js';
import { ContextMode, type CreatedContext, type GatewayUsage, type NewContext } from '../../gateway/types.js';
import type { CallerLimits } from '../../limits/caller-limits.js';
import { estimateMessages } from '../../limits/tokens.js';
import { creationBill } from '../../pricing/bills.js';
import type { ModelList } from '../../pricing/model-list.js';
import type { Prices } from '../../pricing/prices.js';
import type { RequestContext } from '../../request-context.js';
import type { MonitoredStore } from '../../store/open-store.js';
import type { Bill } from '../../store/spending.js';
import { type ContextRecord, type OwnedContext, ZERO_TOTALS } from '../../store/store.js';
import { packDetails, unpackDetails } from '../details.js';
import { contextKey } from '../keys.js';
import { apiOfContext, expiryAfter, isPrefix, toUsage } from '../records.js';
import { mayBeBilled } from './billing.js';
import type { StoredMessages } from './stored-messages.js';

/** `billed`: its usage, estimated if the gateway reported none. */
type BilledContext = CreatedContext & { billed: GatewayUsage };

/** Creates contexts at the gateway and registers their owners. */
export class Creation {
  constructor(
    private readonly store: MonitoredStore,
    private readonly messages: StoredMessages,
    private readonly limits: CallerLimits,
    private readonly models: ModelList,
  ) {}

  /** `prompt`: the name of the prompt that needs it, if any. */
  async create(wanted: NewContext, request: RequestContext, prompt = ''): Promise<OwnedContext> {
    await this.store.ready();
    const api = this.models.apiOf(wanted.model);
    const created = await this.createAndCount(api, wanted, request);
    return afterProcessing(() => this.register(api, created, wanted, request, prompt));
  }

  private async register(
    api: ApiName,
    created: BilledContext,
    wanted: NewContext,
    request: RequestContext,
    prompt: string,
  ) {
    // The ttl begins when the answer arrives.
    const createdAt = request.now();
    const { id, model, mode, ttl, usage, billed } = created;
    const expiresAt = created.expiresAt ?? expiryAfter(createdAt, ttl);
    const messages = isPrefix(created)
      ? await this.messages.add(wanted.messages, expiresAt, createdAt)
      : null;
    const ownApi = api === defaultApi(model) ? null : api;
    const estimatedTokens = usage ? null : billed.promptTokens;
    const details = packDetails({ ...created, prices: this.pricesOf(created), api: ownApi, estimatedTokens });
    const key = contextKey(request.caller, id);
    const context = { key, id, gatewayId: id, model, mode, ttl, createdAt, expiresAt, messages, details };
    const bill = this.billOf(created, request.caller.id, prompt, createdAt);
    await this.store.create(context, request.caller.id, bill);
    return { context, ownedSince: createdAt, lastUsedAt: createdAt, totals: ZERO_TOTALS };
  }

  /**
   * Recreates a lost prefix from its stored messages; null if there are none. It counts as a creation by the caller whose chat needs
   * it, and fails if that caller's limits do not allow one.
   */
  async recreate(lost: ContextRecord, request: RequestContext): Promise<ContextRecord | null> {
    const messages = await this.messages.read(lost, request.now());
    if (messages === null) return null;
    const { model, ttl } = lost;
    await this.store.ready();
    await this.limits.consumeCreate(request.caller.id);
    const wanted = { model, messages, ttl, mode: ContextMode.COMMON_PREFIX };
    const created = await this.createAndCount(apiOfContext(lost), wanted, request).catch(withoutFields);
    const now = request.now();
    const details = packDetails({ ...unpackDetails(lost.details), recreatedAt: now });
    const recreated = {
      ...lost,
      details,
      gatewayId: created.id,
      expiresAt: created.expiresAt ?? expiryAfter(now, ttl),
    };
    return afterProcessing(async () => {
      await this.store.replace(recreated, this.billOf(created, request.caller.id, '', now), now);
      await this.messages.extend(recreated, now);
      return recreated;
    });
  }

  /** Counts the tokens against the caller's quota, estimated if the gateway does not report them. */
  private async createAndCount(
    api: ApiName,
    wanted: NewContext,
    request: RequestContext,
  ): Promise<BilledContext> {
    request.signal.throwIfAborted();
    const estimate = () => estimateMessages(wanted.messages);
    const reservation = await this.limits.reserve(request.caller.id, estimate);
    let used = 0;
    try {
      const created = await request.dataSources.gateway.createContext(api, wanted);
      const billed = created.usage ?? toUsage({ ...ZERO_TOTALS, promptTokens: await estimate() });
      used = billed.promptTokens;
      await this.spendMoney(created.model, billed, request);
      return { ...created, billed };
    } catch (error) {
      if (mayBeBilled(error)) used = reservation.tokens;
      throw error;
    } finally {
      await reservation.settle(used);
    }
  }

  private pricesOf({ model, billed }: BilledContext): Prices | null {
    return this.models.pricesOf(model, billed.promptTokens);
  }

  private billOf(created: BilledContext, caller: string, prompt: string, now: number): Bill | null {
    const { model, billed, ttl } = created;
    const prices = this.pricesOf(created);
    const expiresAt = created.expiresAt ?? (ttl === null ? null : expiryAfter(now, ttl));
    return prices && creationBill({ caller, model, prompt, prices }, billed, now, expiresAt);
  }

  private spendMoney(model: string, billed: GatewayUsage, request: RequestContext): Promise<void> {
    const amountOf = () => this.models.price(model, billed).cost?.total.amount;
    return this.limits.spendMoney(request.caller.id, amountOf);
  }
}
