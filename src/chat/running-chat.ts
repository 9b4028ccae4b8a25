import type { Contexts } from '../contexts/contexts.js';
import { contextTokens, mayBeBilled } from '../contexts/creation/billing.js';
import type { Leases } from '../coordination/leases.js';
import type { GatewayDataSource } from '../gateway/data-source.js';
import type { ChatAnswer, ChatAnswerDelta, ChatAnswerHead, GatewayUsage, NewChat } from '../gateway/types.js';
import type { Budgets, Reservation } from '../limits/budgets.js';
import { estimateMessages, GrowingText } from '../limits/tokens.js';
import type { Totals } from '../registry/store.js';
import type { RequestContext } from '../request-context.js';
import { started } from '../util/generators.js';
import type { ChatInput } from './input.js';
import { Turn } from './turn.js';
import type { ChatDone } from './types.js';

/** Tokens that are reserved for each answer whose `maxTokens` is left out. */
const ANSWER_TOKENS = 512;

export interface RunningChatParts {
  contexts: Contexts;
  leases: Leases;
  budgets: Budgets;
}

type Call<T> = (gateway: GatewayDataSource, chat: NewChat) => Promise<T>;

/** One chat, from its turn and its reservation on. Whatever becomes of it, what it used is counted, and once. */
export class RunningChat {
  /** What the gateway has told, and what was passed on since. */
  private told: GatewayUsage | null = null;
  private passedOn = new GrowingText();
  private hasBegun = false;
  private mayBeBilled = false;
  private isConcluded = false;
  private isWhole = false;
  private prompt: Promise<number> | undefined;
  /** undefined while a lost context is created again. */
  private reservation: Reservation | undefined;
  private ended: Promise<unknown> | undefined;

  private constructor(
    private readonly input: ChatInput,
    private readonly parts: RunningChatParts,
    private readonly request: RequestContext,
    private readonly turn: Turn,
  ) {}

  static async begin(input: ChatInput, parts: RunningChatParts, request: RequestContext) {
    const turn = await Turn.begin(input, parts.contexts, parts.leases, request);
    const chat = new RunningChat(input, parts, request, turn);
    try {
      await chat.reserve();
      return chat;
    } catch (error) {
      await turn.end();
      throw error;
    }
  }

  async whole(): Promise<ChatAnswer> {
    this.isWhole = true;
    const { turn } = this;
    const answer = await this.ask((gateway, chat) => gateway.chat(chat, turn));
    for (const { message } of answer.choices) this.passOn(message);
    return answer;
  }

  async *stream(): AsyncGenerator<ChatAnswerDelta, ChatAnswerHead, void> {
    const { repeatable, contextModel } = this.turn;
    const options = { repeatable, contextModel, onUsage: (usage: GatewayUsage) => this.tell(usage) };
    const deltas = await this.ask((gateway, chat) => started(gateway.chatStream(chat, options)));
    try {
      for (;;) {
        const { done, value } = await deltas.next();
        if (done) return value;
        this.passOn(value);
        yield value;
      }
    } finally {
      await deltas.return(undefined as never);
    }
  }

  /** Whether anything of the answer has come. */
  get isAnswered(): boolean {
    return this.isConcluded || this.hasBegun;
  }

  /** Counts a whole answer. */
  async conclude(head: ChatAnswerHead): Promise<ChatDone> {
    this.isConcluded = true;
    const { request, turn } = this;
    if (head.usage) {
      this.tell(head.usage);
      request.work.tokens.push({ model: turn.model, ...toTotals(head.usage) });
    }
    return {
      id: head.id ?? request.requestId,
      model: head.model,
      created: head.created ?? new Date(request.now()),
      usage: head.usage,
      context: await this.count(1),
    };
  }

  /** Ends the turn, and counts what an answer has used that broke off or that nobody stayed for. */
  end(): Promise<unknown> {
    this.ended ??= Promise.all([this.turn.end(), this.isConcluded ? undefined : this.countBrokenOff()]);
    return this.ended;
  }

  private async reserve(): Promise<void> {
    const { input, parts, request } = this;
    const answers = (input.maxTokens ?? ANSWER_TOKENS) * (input.n ?? 1);
    this.reservation = await parts.budgets.reserve(
      request.caller.id,
      async () => (await this.promptTokens()) + answers,
    );
  }

  /** Until the answer has begun the question is asked again of a context that was created again, which happens once. */
  private async ask<T>(call: Call<T>): Promise<T> {
    for (;;) {
      try {
        return await this.askOnce(call);
      } catch (error) {
        if (this.hasBegun) throw error;
        await this.recover(error);
      }
    }
  }

  private async askOnce<T>(call: Call<T>): Promise<T> {
    this.request.signal.throwIfAborted();
    try {
      return await this.turn.ask(call);
    } catch (error) {
      if (mayBeBilled(error)) this.mayBeBilled = true;
      throw error;
    }
  }

  private async recover(error: unknown): Promise<void> {
    if (!this.turn.mayRecover(error)) throw error;
    // What is left may be needed to create the context.
    await this.reservation?.settle(0);
    this.reservation = undefined;
    await this.turn.recover();
    await this.reserve();
  }

  private passOn({ content, reasoningContent }: Pick<ChatAnswerDelta, 'content' | 'reasoningContent'>): void {
    this.hasBegun = true;
    this.passedOn.add(content);
    this.passedOn.add(reasoningContent);
  }

  private tell(usage: GatewayUsage): void {
    this.told = usage;
    this.passedOn = new GrowingText();
  }

  private async countBrokenOff(): Promise<void> {
    if (this.mayBeBilled || this.hasBegun || this.told) await this.count(0);
    else await this.reservation?.settle(0);
  }

  private async count(chats: number) {
    const used = await this.used(chats);
    const { held } = this.turn;
    const [context] = await Promise.all([
      held ? this.parts.contexts.use(held, used, this.request, this.isAnswered) : null,
      this.reservation?.settle(this.spent(used)),
    ]);
    return context;
  }

  /** Of the quota. A gateway makes a whole answer, and bills it, even where nobody waits for it: all that was reserved is spent. */
  private spent({ promptTokens, completionTokens }: Totals): number {
    const isLost = this.isWhole && !this.isConcluded;
    return isLost ? (this.reservation?.tokens ?? 0) : promptTokens + completionTokens;
  }

  private async used(chats: number): Promise<Totals> {
    const told = toTotals(this.told);
    const prompt = this.told ? 0 : await this.promptTokens();
    const completion = await this.passedOn.estimateTokens();
    return {
      ...told,
      chats,
      promptTokens: told.promptTokens + prompt,
      completionTokens: told.completionTokens + completion,
      estimatedTokens: prompt + completion,
    };
  }

  /** Estimated, as it stood when the chat began. */
  private promptTokens(): Promise<number> {
    const { held } = this.turn;
    const known = held ? contextTokens(held) : 0;
    this.prompt ??= estimateMessages(this.input.messages).then((sent) => known + sent);
    return this.prompt;
  }
}

function toTotals(usage: GatewayUsage | null): Totals {
  return {
    chats: 1,
    promptTokens: usage?.promptTokens ?? 0,
    cachedTokens: usage?.promptTokensDetails?.cachedTokens ?? 0,
    completionTokens: usage?.completionTokens ?? 0,
    estimatedTokens: 0,
  };
}
