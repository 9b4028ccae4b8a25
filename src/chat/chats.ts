import type { Contexts } from '../contexts/contexts.js';
import { afterProcessing, toAppError } from '../errors.js';
import type { ChatAnswerHead, GatewayUsage } from '../gateway/types.js';
import type { Budgets } from '../limits/budgets.js';
import type { OpenStreams } from '../limits/open-streams.js';
import { Pushed } from '../pushed.js';
import type { Answers } from '../registry/answers.js';
import type { Leases } from '../registry/leases.js';
import { NO_USE, type Totals } from '../registry/store.js';
import type { RequestContext } from '../request-context.js';
import type { ChatInput } from './input.js';
import { Turn } from './turn.js';
import type { ChatCompletion, ChatDone, ChatEvent, ChatFailure } from './types.js';

export interface ChatsParts {
  contexts: Contexts;
  leases: Leases;
  answers: Answers;
  openStreams: OpenStreams;
  budgets: Budgets;
}

/** What is done with a context once it is there: questions and answers, whole or streamed. */
export class Chats {
  constructor(private readonly parts: ChatsParts) {}

  async complete(input: ChatInput, request: RequestContext): Promise<ChatCompletion> {
    await this.parts.budgets.takeChat(request.caller.id);
    const { idempotencyKey } = input;
    if (idempotencyKey == null) return this.completeNow(input, request);
    const asked = { callerId: request.caller.id, operation: 'chat', idempotencyKey, input };
    const detached = request.detached();
    return this.parts.answers.once(asked, request.lifetime, () => this.completeNow(input, detached));
  }

  private async completeNow(input: ChatInput, request: RequestContext): Promise<ChatCompletion> {
    const turn = await this.begin(input, request);
    try {
      const ask = () => turn.ask((gateway, chat) => gateway.chat(chat, turn));
      const { choices, ...head } = await ask().catch(async (error) => {
        await turn.recover(error);
        return ask();
      });
      return { ...(await afterProcessing(() => this.conclude(head, turn, request))), choices };
    } finally {
      await turn.end();
    }
  }

  /** Resolves with the first event: what breaks before it is thrown, what breaks later is a ChatFailure. */
  async stream(input: ChatInput, request: RequestContext): Promise<Pushed<ChatEvent>> {
    const events = new Pushed<ChatEvent>((series) => this.answer(input, request, series));
    await events.begun;
    return events;
  }

  private async answer(input: ChatInput, request: RequestContext, events: Pushed<ChatEvent>): Promise<void> {
    const closeStream = await this.parts.openStreams.take(request.caller.id);
    let isAnswered = false;
    let isWhole = false;
    let turn: Turn | undefined;
    try {
      await this.parts.budgets.takeChat(request.caller.id);
      turn = await this.begin(input, request);
      const end = await ask(turn, events);
      isAnswered = true;
      // A reader who dawdles over the last event keeps nobody waiting; the store writes both at once.
      const [done] = await Promise.all([this.conclude(end, turn, request), turn.end()]);
      isWhole = true;
      await events.give(done);
    } catch (error) {
      if (!events.hasBegun && !isAnswered) throw error;
      const failure = toFailure(error);
      request.work.codes.push(failure.code);
      await events.give(failure);
    } finally {
      // An answer that broke off, or that nobody stayed for, has used the context all the same.
      if ((events.hasBegun || isAnswered) && !isWhole && turn?.held) {
        await this.parts.contexts.use(turn.held, NO_USE, request);
      }
      await turn?.end();
      closeStream();
    }
  }

  private begin(input: ChatInput, request: RequestContext): Promise<Turn> {
    return Turn.begin(input, this.parts.contexts, this.parts.leases, request);
  }

  private async conclude(head: ChatAnswerHead, turn: Turn, request: RequestContext): Promise<ChatDone> {
    const { contexts, budgets } = this.parts;
    const { held, model } = turn;
    const totals = toTotals(head.usage);
    request.work.tokens.push({ model, ...totals });
    await budgets.spend(request.caller.id, totals.promptTokens + totals.completionTokens);
    return {
      id: head.id ?? request.requestId,
      model: head.model,
      created: head.created ?? new Date(request.now()),
      usage: head.usage,
      context: held ? await contexts.use(held, totals, request) : null,
    };
  }
}

/** Until the first delta has come the question may be asked once more, of a context that was created again. */
async function ask(turn: Turn, events: Pushed<ChatEvent>): Promise<ChatAnswerHead> {
  const open = () => turn.ask((gateway, chat) => gateway.chatStream(chat, turn, events.give));
  return open().catch(async (error) => {
    if (events.hasBegun) throw error;
    await turn.recover(error);
    return open();
  });
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

function toFailure(error: unknown): ChatFailure {
  const { code, message, retryable, details } = toAppError(error);
  return { code, message, retryable, retryAfter: details.retryAfter ?? null };
}
