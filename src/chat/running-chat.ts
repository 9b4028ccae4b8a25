import type { Contexts } from '../contexts/contexts.js';
import { mayBeBilled } from '../contexts/creation/billing.js';
import { apiOfContext, toTotals, toUsage } from '../contexts/records.js';
import type { Leases } from '../coordination/leases.js';
import { AppError, ErrorCode } from '../errors.js';
import type { ApiName } from '../gateway/apis.js';
import type { ChatOptions } from '../gateway/caching-api.js';
import type { ChatAnswer, ChatAnswerDelta, ChatAnswerHead, GatewayUsage } from '../gateway/types.js';
import type { CallerLimits, Reservation } from '../limits/caller-limits.js';
import { estimateMessages } from '../limits/tokens.js';
import { costOf } from '../pricing/cost.js';
import type { ModelList } from '../pricing/model-list.js';
import type { PricedUsage } from '../pricing/types.js';
import type { PromptContexts } from '../prompts/prompt-contexts.js';
import type { Prompts } from '../prompts/prompts.js';
import { CacheStatus } from '../prompts/types.js';
import type { RequestContext } from '../request-context.js';
import type { Totals } from '../store/store.js';
import { started } from '../util/generators.js';
import type { ChatTarget, GatewayChat } from './chat-target.js';
import { ChatUsage } from './chat-usage.js';
import { ContextTarget } from './context-target.js';
import type { ChatInput } from './input.js';
import { PromptTarget } from './prompt-target.js';
import type { ChatDone } from './types.js';

/** Tokens that are reserved for each answer without `maxTokens`. */
const ANSWER_TOKENS = 512;

export interface RunningChatParts {
  contexts: Contexts;
  prompts: Prompts;
  promptContexts: PromptContexts;
  leases: Leases;
  limits: CallerLimits;
  models: ModelList;
}

interface EstimatedPrompt {
  tokens: number;
  /** Of them, those of the context at the gateway. */
  cachedTokens: number;
}

/** One chat on a context or a prompt, with reserved tokens. Whatever happens to it, its usage is counted exactly once. */
export class RunningChat {
  private readonly usage = new ChatUsage(async () => (await this.estimatePrompt()).tokens);
  private hasBegun = false;
  private mayBeBilled = false;
  private isConcluded = false;
  private isWhole = false;
  private prompt: Promise<EstimatedPrompt> | undefined;
  /** undefined while a lost context is being created again. */
  private reservation: Reservation | undefined;

  private constructor(
    private readonly input: ChatInput,
    private readonly parts: RunningChatParts,
    private readonly request: RequestContext,
    private readonly target: ChatTarget,
  ) {}

  static async begin(input: ChatInput, parts: RunningChatParts, request: RequestContext) {
    const target = await openTarget(input, parts, request);
    const chat = new RunningChat(input, parts, request, target);
    try {
      await chat.reserve();
      return chat;
    } catch (error) {
      await target.unlock();
      throw error;
    }
  }

  /** Asks for the whole answer. */
  async whole(): Promise<ChatAnswer> {
    this.isWhole = true;
    const answer = await this.ask((gateway, chat) => gateway.chat(this.api, chat, this.options));
    for (const { message } of answer.choices) this.note(message);
    return answer;
  }

  /** Asks for the answer as deltas; returns its head. */
  async *stream(): AsyncGenerator<ChatAnswerDelta, ChatAnswerHead, void> {
    const onUsage = (usage: GatewayUsage, deltas: number) => this.usage.setCount(usage, deltas);
    const deltas = await this.ask((gateway, chat) =>
      started(gateway.chatStream(this.api, chat, { ...this.options, onUsage })),
    );
    try {
      for (;;) {
        const { done, value } = await deltas.next();
        if (done) return value;
        this.note(value);
        yield value;
      }
    } finally {
      await deltas.return();
    }
  }

  get model(): string {
    return this.target.model;
  }

  get keepsHistory(): boolean {
    return this.target.keepsHistory;
  }

  private get api(): ApiName {
    const { context, model } = this.target;
    return context ? apiOfContext(context) : this.parts.models.apiOf(model);
  }

  private get options(): ChatOptions {
    const { context, keepsHistory } = this.target;
    const repeatable = !keepsHistory && this.input.idempotencyKey == null;
    return { repeatable, keepsHistory, ...(context && { expiresAt: context.expiresAt }) };
  }

  /** As the gateway reported it last; null if it has not. */
  get reportedUsage(): PricedUsage | null {
    return this.price(this.usage.reported);
  }

  /** Whether anything of the answer has come. */
  get isAnswered(): boolean {
    return this.isConcluded || this.hasBegun;
  }

  /** Counts a complete answer. */
  async conclude(head: ChatAnswerHead): Promise<ChatDone> {
    this.isConcluded = true;
    const { request } = this;
    const usage = this.price(head.usage);
    if (usage) {
      this.usage.setCount(usage);
      request.work.tokens.push({ model: this.target.model, ...toTotals(usage) });
    }
    const { cache } = this.target;
    if (cache.prompt !== null) request.work.prompts.push({ name: cache.prompt, cache: cache.status });
    return {
      id: head.id ?? request.requestId,
      model: head.model,
      created: head.created ?? new Date(request.now()),
      usage,
      context: await this.count(1, head.id),
      cache,
    };
  }

  private price(usage: GatewayUsage | null): PricedUsage | null {
    return usage && this.parts.models.price(this.target.model, usage);
  }

  /** Unlocks the context, and counts the usage of an answer that broke off or was abandoned. */
  async end(): Promise<void> {
    await Promise.all([this.target.unlock(), this.isConcluded ? undefined : this.countBrokenOff()]);
  }

  private async reserve(): Promise<void> {
    const { input, parts, request } = this;
    const answers = (input.maxTokens ?? ANSWER_TOKENS) * (input.n ?? 1);
    this.reservation = await parts.limits.reserve(
      request.caller.id,
      async () => (await this.estimatePrompt()).tokens + answers,
    );
  }

  /** Before the answer has begun, a lost context is created again, once, and asked again. */
  private async ask<T>(call: GatewayChat<T>): Promise<T> {
    for (;;) {
      try {
        return await this.askOnce(call);
      } catch (error) {
        if (this.hasBegun) throw error;
        await this.recover(error);
      }
    }
  }

  private async askOnce<T>(call: GatewayChat<T>): Promise<T> {
    this.request.signal.throwIfAborted();
    try {
      return await this.target.ask(call);
    } catch (error) {
      if (mayBeBilled(error)) this.mayBeBilled = true;
      throw error;
    }
  }

  private async recover(error: unknown): Promise<void> {
    const isLost = error instanceof AppError && error.code === ErrorCode.CONTEXT_NOT_FOUND;
    if (!isLost || !this.target.context) throw error;
    // Creating the context may need the reserved tokens.
    await this.reservation?.settle(0);
    this.reservation = undefined;
    await this.target.recover();
    await this.reserve();
  }

  private note(said: Pick<ChatAnswerDelta, 'content' | 'reasoningContent'>): void {
    this.hasBegun = true;
    this.usage.addText(said);
  }

  private async countBrokenOff(): Promise<void> {
    if (this.mayBeBilled || this.hasBegun || this.usage.reported) await this.count(0);
    else await this.reservation?.settle(0);
  }

  /** `answerId`: of a complete answer. */
  private async count(chats: number, answerId: string | null = null) {
    const { limits, models } = this.parts;
    const totals = await this.usage.totals(chats);
    const usage = await this.usageOf(totals);
    const used = {
      totals,
      usage,
      prices: models.pricesOf(this.target.model, usage.promptTokens),
      isAnswered: this.isAnswered,
      answerId,
    };
    const amountOf = () => used.prices && costOf(usage, used.prices).total.amount;
    const [context] = await Promise.all([
      this.target.use(used),
      this.reservation?.settle(this.spent(totals)),
      limits.spendMoney(this.request.caller.id, amountOf),
    ]);
    return context;
  }

  /** To be billed: the gateway reads a context from the cache, also for an answer that it did not count. */
  private async usageOf(totals: Totals): Promise<GatewayUsage> {
    const { reported } = this.usage;
    if (reported) return totals.estimatedTokens === 0 ? reported : toUsage(totals);
    const { cachedTokens } = await this.estimatePrompt();
    return toUsage({ ...totals, cachedTokens });
  }

  /** Tokens to deduct from the quota. An abandoned unstreamed answer is still billed, so it costs the whole reservation. */
  private spent({ promptTokens, completionTokens }: Totals): number {
    const isLost = this.isWhole && !this.isConcluded;
    return isLost ? (this.reservation?.tokens ?? 0) : promptTokens + completionTokens;
  }

  /** When the chat begins. */
  private estimatePrompt(): Promise<EstimatedPrompt> {
    const { target, input } = this;
    this.prompt ??= Promise.all([target.estimateTokens(), estimateMessages(input.messages)]).then(
      ([known, sent]) => {
        const cachedTokens = target.cache.status === CacheStatus.BYPASSED ? 0 : known;
        return { tokens: known + sent, cachedTokens };
      },
    );
    return this.prompt;
  }
}

function openTarget(input: ChatInput, parts: RunningChatParts, request: RequestContext): Promise<ChatTarget> {
  const { contextId, prompt } = input;
  if (prompt != null) return PromptTarget.open(prompt, input, parts, request);
  // One of the two is given, by the rules of the input.
  return ContextTarget.lock(contextId as string, input, parts, request);
}
