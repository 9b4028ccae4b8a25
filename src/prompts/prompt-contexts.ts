import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { ChatUse } from '../contexts/contexts.js';
import { removeLost } from '../contexts/creation/recovery.js';
import { type Found, MIN_LIFETIME_MS, type Reuse } from '../contexts/creation/reuse.js';
import { unpackDetails } from '../contexts/details.js';
import { keptAfter } from '../contexts/kept.js';
import { promptHolder, promptUsageScope } from '../contexts/keys.js';
import { expiryAfterUse } from '../contexts/records.js';
import type { DetachedWork } from '../coordination/detached-work.js';
import { toAppError } from '../errors.js';
import { chatBill } from '../pricing/bills.js';
import type { RequestContext } from '../request-context.js';
import type { Bill, Extension } from '../store/spending.js';
import type { ContextRecord, Store } from '../store/store.js';
import { unlessAborted } from '../util/abort.js';
import { CreationFailures } from './creation-failures.js';
import type { PromptDefinition } from './prompt-file.js';
import {
  CacheBypassReason,
  CacheStatus,
  type CacheUse,
  type PromptCache,
  PromptCacheState,
} from './types.js';

/** Characters of the contexts' keys that are remembered, by prompt version and gateway account. */
const MAX_REMEMBERED = 2_097_152;

export interface PromptContextsParts {
  store: Store;
  /** Creates without the limits of callers: one creation serves all of them. */
  reuse: Reuse;
  detachedWork: DetachedWork;
  /** Milliseconds that a chat waits for a creation. */
  waitMs: number;
  log: Logger;
}

/** What a chat by name gets. */
export interface OpenedPrompt {
  /** null: the chat goes without a context. */
  context: ContextRecord | null;
  cache: CacheUse;
}

/** A context, or why there is none. */
type Creation = Found | CacheBypassReason;

/** The prompts' contexts at the gateway: one for each version and gateway account, found or created for all who ask. */
export class PromptContexts {
  /** Keys of the contexts that this process has used, which saves a chat two of three look-ups. */
  private readonly known = new LRUCache<string, string>({
    maxSize: MAX_REMEMBERED,
    sizeCalculation: (key, slot) => key.length + slot.length,
  });
  private readonly failures = new CreationFailures();
  /** Those that are running, by prompt version and account. */
  private readonly creations = new Map<string, Promise<Creation>>();

  constructor(private readonly parts: PromptContextsParts) {}

  /** Returns the prompt's context, created if there is none. Without one after `waitMs`, or if its creation fails, the chat goes without. */
  async open(prompt: PromptDefinition, request: RequestContext): Promise<OpenedPrompt> {
    const context = await this.findKnown(prompt, request);
    return context
      ? { context, cache: cacheUse(prompt, CacheStatus.USED) }
      : this.create(prompt, request, CacheStatus.CREATED);
  }

  /** Replaces a context that the gateway has lost. */
  async recover(
    prompt: PromptDefinition,
    lost: ContextRecord,
    request: RequestContext,
  ): Promise<OpenedPrompt> {
    const slot = slotOf(prompt, request);
    if (this.known.get(slot) === lost.key) this.known.delete(slot);
    await removeLost(this.parts.store, lost, request.now()).catch(() => undefined);
    return this.create(prompt, request, CacheStatus.RECREATED);
  }

  /** Whether another process has replaced the ending context; chats then go on with the new one. */
  async isReplaced(
    prompt: PromptDefinition,
    ending: ContextRecord,
    minLifetimeMs: number,
    request: RequestContext,
  ): Promise<boolean> {
    const found = await this.parts.reuse.find(prompt.context, asHolder(request), minLifetimeMs);
    if (!found || found.context.key === ending.key) return false;
    this.known.set(slotOf(prompt, request), found.context.key);
    return true;
  }

  /**
   * Creates a context if there is none that lives for longer than `minLifetimeMs`; one that ends before can be used until then. What
   * it returns is `reused` if there was one, such as of another process.
   */
  async obtain(prompt: PromptDefinition, minLifetimeMs: number, request: RequestContext): Promise<Found> {
    const { reuse } = this.parts;
    const found = await reuse.findOrCreate(prompt.context, asHolder(request), prompt.name, minLifetimeMs);
    this.known.set(slotOf(prompt, request), found.owned.context.key);
    return found;
  }

  /** Counts a chat for its caller, by model and by prompt, and restarts the ttl if it was answered. Never fails the chat. */
  async use(
    prompt: PromptDefinition,
    context: ContextRecord | null,
    used: ChatUse,
    request: RequestContext,
  ): Promise<void> {
    const at = request.now();
    const { id } = request.caller;
    const names = [
      { scope: id, name: prompt.context.model },
      { scope: promptUsageScope(id), name: prompt.name },
    ];
    const { bill, extension } = billUse(prompt, context, used, id, at);
    const userTokens = used.usage.promptTokens + used.usage.completionTokens;
    const bills = bill
      ? [bill, { ...bill, caller: promptHolder(request.caller), counts: { userTokens } }]
      : [];
    try {
      await this.parts.store.addUsage({ caller: id, names, used: used.totals, at, extension, bills });
    } catch (err) {
      const { requestId } = request;
      this.parts.log.error({ requestId, missed: used.totals, err }, 'the totals of a chat were missed');
    }
  }

  /** Does not call the gateway. */
  async state(prompt: PromptDefinition, request: RequestContext): Promise<PromptCache> {
    const context = await this.find(prompt, request);
    if (context) {
      return {
        state: PromptCacheState.WARM,
        promptTokens: unpackDetails(context.details).usage?.promptTokens ?? null,
        expiresAt: context.ttl === null ? null : new Date(context.expiresAt),
      };
    }
    const hasFailed = this.failures.reasonFor(slotOf(prompt, request), request.now()) !== undefined;
    const state = hasFailed ? PromptCacheState.FAILED : PromptCacheState.COLD;
    return { state, promptTokens: null, expiresAt: null };
  }

  /** Returns the live context; null if there is none. */
  async find(prompt: PromptDefinition, request: RequestContext): Promise<ContextRecord | null> {
    const known = await this.findKnown(prompt, request);
    if (known) return known;
    const found = await this.parts.reuse.find(prompt.context, asHolder(request));
    return found?.context ?? null;
  }

  private async findKnown(prompt: PromptDefinition, request: RequestContext): Promise<ContextRecord | null> {
    const key = this.known.get(slotOf(prompt, request));
    if (key === undefined) return null;
    const now = request.now();
    // While the store is away, a chat goes without its context instead of failing.
    const context = await this.parts.store.context(key, now).catch(() => null);
    return context !== null && context.expiresAt - now >= MIN_LIFETIME_MS ? context : null;
  }

  /** The creation goes on when this chat has waited long enough, or its client disconnects. */
  private async create(
    prompt: PromptDefinition,
    request: RequestContext,
    status: CacheStatus,
  ): Promise<OpenedPrompt> {
    const slot = slotOf(prompt, request);
    const failure = this.failures.reasonFor(slot, request.now());
    if (failure !== undefined) return bypassed(prompt, failure);
    const running = this.creations.get(slot);
    const creation = running ?? this.start(prompt, slot, request);
    const timeout = AbortSignal.timeout(this.parts.waitMs);
    const created = await unlessAborted(AbortSignal.any([request.signal, timeout]), creation).catch(() => {
      request.signal.throwIfAborted();
      return CacheBypassReason.CREATE_FAILED;
    });
    if (typeof created === 'string') return bypassed(prompt, created);
    const isNew = status === CacheStatus.RECREATED || (!created.reused && running === undefined);
    return { context: created.owned.context, cache: cacheUse(prompt, isNew ? status : CacheStatus.USED) };
  }

  /** One creation for all chats of this process, which would otherwise pile up while the gateway is slow. */
  private start(prompt: PromptDefinition, slot: string, request: RequestContext): Promise<Creation> {
    const creation = this.findOrCreate(prompt, slot, request).finally(() => this.creations.delete(slot));
    this.creations.set(slot, creation);
    return this.parts.detachedWork.track(creation);
  }

  private async findOrCreate(
    prompt: PromptDefinition,
    slot: string,
    request: RequestContext,
  ): Promise<Creation> {
    try {
      const found = await this.obtain(prompt, MIN_LIFETIME_MS, request);
      this.failures.forget(slot);
      return found;
    } catch (error) {
      const failure = this.failures.note(slot, error, request.now());
      const { name, version } = prompt;
      const { code } = toAppError(error);
      const said = { requestId: request.requestId, prompt: name, version, ...failure, code };
      this.parts.log.warn(said, 'the context of a prompt could not be created');
      return failure.reason;
    }
  }
}

/** The caller pays for the chat, the prompts' holder for keeping the context. */
export function billUse(
  { name: prompt, context: { model } }: PromptDefinition,
  context: ContextRecord | null,
  { usage, prices, isAnswered, totals }: ChatUse,
  caller: string,
  at: number,
): { bill: Bill | null; extension: Extension | null } {
  const bill = prices && chatBill({ caller, model, prompt, prices }, usage);
  if (!context || !isAnswered) return { bill, extension: null };
  const kept = bill && keptAfter(context, bill, usage, totals.chats > 0, at);
  return { bill, extension: { key: context.key, expiresAt: expiryAfterUse(context, at), kept } };
}

/** The request as one of the prompts' holder, who owns their contexts. */
function asHolder(request: RequestContext): RequestContext {
  return request.detachedAs(promptHolder(request.caller));
}

function slotOf({ version }: PromptDefinition, { caller }: RequestContext): string {
  return `${version}:${caller.account}`;
}

function cacheUse({ name, version }: PromptDefinition, status: CacheStatus): CacheUse {
  return { status, reason: null, prompt: name, promptVersion: version };
}

export function bypassed(prompt: PromptDefinition, reason: CacheBypassReason): OpenedPrompt {
  return { context: null, cache: { ...cacheUse(prompt, CacheStatus.BYPASSED), reason } };
}
