import type { Logger } from 'pino';
import { mayBeBilled } from '../contexts/creation/billing.js';
import { removeLost } from '../contexts/creation/recovery.js';
import { createdTokens } from '../contexts/details.js';
import { PROMPT_HOLDER } from '../contexts/keys.js';
import { apiOfContext, expiryOf, toTotals, toUsage } from '../contexts/records.js';
import type { Leases } from '../coordination/leases.js';
import { AppError, ErrorCode, shuttingDown, toAppError } from '../errors.js';
import { ContextExpiry } from '../gateway/caching-api.js';
import { MessageRole } from '../gateway/types.js';
import type { Counter } from '../limits/counters.js';
import { estimateMessages } from '../limits/tokens.js';
import type { ModelList } from '../pricing/model-list.js';
import type { RequestContext } from '../request-context.js';
import type { ContextRecord, Store } from '../store/store.js';
import { billUse, type PromptContexts } from './prompt-contexts.js';
import type { PromptDefinition } from './prompt-file.js';

/** The store sums up what warming used in a scope of its own, by prompt. */
export const KEEP_WARM_SCOPE = 'keep-warm';
/** Milliseconds between two looks at the contexts. */
const EVERY_MS = 60_000;
/** A context is renewed in the last milliseconds of its life, or in the last half of a shorter one. */
const RENEW_WITHIN_MS = 5 * EVERY_MS;
/** The shortest chat that there is. */
const PING = { messages: [{ role: MessageRole.USER, content: '.' }], maxTokens: 1 };

export interface KeepWarmParts {
  /** All prompts in service. */
  prompts: () => PromptDefinition[];
  contexts: PromptContexts;
  store: Store;
  leases: Leases;
  models: ModelList;
  /** Counts the prompt tokens of a day, for all processes. */
  spent: Counter;
  maxTokensPerDay: number;
  /** A request of the server itself. */
  newRequest: () => RequestContext;
  /** Called with the prompt tokens of each renewal. */
  onRenewed: (prompt: string, tokens: number) => void;
  log: Logger;
}

/** Keeps the contexts of prompts with `keepWarm` alive: by a chat of one token or, with a FIXED expiry, by creating them again. */
export class KeepWarm {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private current: RequestContext | undefined;

  constructor(private readonly parts: KeepWarmParts) {}

  start(everyMs = EVERY_MS): void {
    this.timer = setInterval(() => {
      // One round at a time.
      this.running ??= this.renewAll().finally(() => {
        this.running = undefined;
      });
    }, everyMs).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    this.current?.stop(shuttingDown());
    await this.running;
  }

  private async renewAll(): Promise<void> {
    for (const prompt of this.parts.prompts().filter(({ keepWarm }) => keepWarm)) {
      const request = this.parts.newRequest();
      this.current = request;
      try {
        await this.renew(prompt, request);
      } catch (error) {
        const { code } = toAppError(error);
        this.parts.log.warn({ prompt: prompt.name, code }, 'the context of a prompt could not be kept warm');
      }
      if (request.signal.aborted) return;
    }
  }

  private async renew(prompt: PromptDefinition, request: RequestContext): Promise<void> {
    const { contexts, leases, store } = this.parts;
    const found = await contexts.find(prompt, request);
    if (!found || !isDue(found, request.now())) return;
    const lease = await leases.acquire(`keep-warm:${found.key}`, request.signal);
    try {
      // Another process may have renewed it meanwhile.
      const context = await store.context(found.key, request.now());
      if (!context || !isDue(context, request.now())) return;
      if (await contexts.isReplaced(prompt, context, RENEW_WITHIN_MS, request)) return;
      await this.renewWithinQuota(prompt, context, request);
    } finally {
      await lease.release();
    }
  }

  private async renewWithinQuota(prompt: PromptDefinition, context: ContextRecord, request: RequestContext) {
    const { spent, maxTokensPerDay, log } = this.parts;
    const estimate = await tokensOf(prompt, context);
    const { total } = await spent.add(PROMPT_HOLDER, estimate);
    let used = 0;
    try {
      if (total > maxTokensPerDay) {
        log.warn({ prompt: prompt.name, maxTokensPerDay }, 'no tokens are left to keep a prompt warm today');
        return;
      }
      used = await this.renewAtGateway(prompt, context, request);
    } catch (error) {
      if (mayBeBilled(error)) used = estimate;
      throw error;
    } finally {
      if (used !== estimate) await spent.add(PROMPT_HOLDER, used - estimate);
    }
  }

  /** Returns the prompt tokens that it used. A chat extends the expiry of a context, unless it is fixed. */
  private async renewAtGateway(prompt: PromptDefinition, context: ContextRecord, request: RequestContext) {
    if (expiryOf(context) === ContextExpiry.SLIDING) return this.chat(prompt, context, request);
    const { contexts, onRenewed } = this.parts;
    // Chats that begin within the minute must find time left.
    const { owned, reused } = await contexts.obtain(prompt, RENEW_WITHIN_MS, request);
    // Another process has created it and counted its tokens; this one knew only the ending context.
    if (reused) return 0;
    const tokens = await tokensOf(prompt, owned.context);
    onRenewed(prompt.name, tokens);
    return tokens;
  }

  /** Returns the prompt tokens that it used. */
  private async chat(prompt: PromptDefinition, context: ContextRecord, request: RequestContext) {
    const { store, models, onRenewed } = this.parts;
    const chat = { ...PING, model: context.model, contextId: context.gatewayId };
    const { usage } = await request.dataSources.gateway
      .chat(apiOfContext(context), chat)
      .catch(async (error) => {
        // The next chat by name creates it again.
        if (isLost(error)) await removeLost(store, context, request.now());
        throw error;
      });
    const at = request.now();
    const totals = toTotals(usage);
    // Otherwise, a gateway that does not count would keep the prompt warm without a limit.
    if (!usage) totals.promptTokens = totals.estimatedTokens = await tokensOf(prompt, context);
    const names = [{ scope: KEEP_WARM_SCOPE, name: prompt.name }];
    const counted = usage ?? toUsage(totals);
    const used = {
      totals,
      usage: counted,
      prices: models.pricesOf(context.model, counted.promptTokens),
      isAnswered: true,
      answerId: null,
    };
    const { bill, extension } = billUse(prompt, context, used, KEEP_WARM_SCOPE, at);
    await store.addUsage({
      caller: KEEP_WARM_SCOPE,
      names,
      used: totals,
      at,
      extension,
      bills: bill ? [bill] : [],
    });
    onRenewed(prompt.name, totals.promptTokens);
    return totals.promptTokens;
  }
}

function isDue({ ttl, expiresAt }: ContextRecord, now: number): boolean {
  const within = ttl === null ? RENEW_WITHIN_MS : Math.min(RENEW_WITHIN_MS, ttl * 500);
  return expiresAt - now <= within;
}

async function tokensOf(prompt: PromptDefinition, { details }: ContextRecord): Promise<number> {
  return createdTokens(details) ?? estimateMessages(prompt.context.messages);
}

function isLost(error: unknown): boolean {
  return error instanceof AppError && error.code === ErrorCode.CONTEXT_NOT_FOUND;
}
