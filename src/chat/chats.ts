import type { DetachedWork } from '../coordination/detached-work.js';
import type { Idempotency } from '../coordination/idempotency.js';
import { afterProcessing, toAppError } from '../errors.js';
import type { OpenStreams } from '../limits/open-streams.js';
import type { PricedUsage } from '../pricing/types.js';
import type { RequestContext } from '../request-context.js';
import { started } from '../util/generators.js';
import type { ChatInput } from './input.js';
import { RunningChat, type RunningChatParts } from './running-chat.js';
import type { ChatCompletion, ChatEvent, ChatFailure } from './types.js';

export interface ChatsParts extends RunningChatParts {
  idempotency: Idempotency;
  openStreams: OpenStreams;
  /** Counting that must finish before the server ends. */
  detachedWork: DetachedWork;
}

/** A chat whose context is open, before it is asked. */
export interface OpenChat {
  readonly model: string;
  /** Name of the prompt, or id of the context. */
  readonly prompt: string | null;
  readonly contextId: string | null;
  /** Whether the gateway keeps the chat's history, as a session does. */
  readonly keepsHistory: boolean;
  /** As the gateway reported it last; null if it has not. */
  usage(): PricedUsage | null;
  /** Asks at the first `next()`. Must be read, or its context stays locked. */
  readonly events: AsyncGenerator<ChatEvent, void, void>;
}

/** Asks a context and answers, whole or streamed. */
export class Chats {
  constructor(private readonly parts: ChatsParts) {}

  async complete(input: ChatInput, request: RequestContext): Promise<ChatCompletion> {
    await this.parts.limits.consumeChat(request.caller.id);
    // `chat` ignores it, so it must not change the hash of the input.
    const { onDisconnect: _, ...asked } = input;
    return this.parts.idempotency.once('chat', asked, request, (own) => this.completeNow(input, own));
  }

  private async completeNow(input: ChatInput, request: RequestContext): Promise<ChatCompletion> {
    const chat = await RunningChat.begin(input, this.parts, request);
    try {
      const { choices, ...head } = await chat.whole();
      return { ...(await afterProcessing(() => chat.conclude(head))), choices };
    } finally {
      await this.end(chat);
    }
  }

  /** Resolves once the first event is there: what fails before is thrown, what fails later is a ChatFailure. */
  async stream(
    input: ChatInput,
    request: RequestContext,
  ): Promise<AsyncIterableIterator<ChatEvent, void, void>> {
    const { events } = await this.open(input, request);
    return started(events);
  }

  /** Resolves once its context is open: what fails before is thrown. */
  async open(input: ChatInput, request: RequestContext): Promise<OpenChat> {
    const close = await this.parts.openStreams.acquire(request.caller.id);
    try {
      await this.parts.limits.consumeChat(request.caller.id);
      const chat = await RunningChat.begin(input, this.parts, request);
      return {
        model: chat.model,
        prompt: input.prompt ?? null,
        contextId: input.contextId ?? null,
        keepsHistory: chat.keepsHistory,
        usage: () => chat.reportedUsage,
        events: this.events(chat, close, request),
      };
    } catch (error) {
      close();
      throw error;
    }
  }

  private async *events(
    chat: RunningChat,
    close: () => void,
    request: RequestContext,
  ): AsyncGenerator<ChatEvent, void, void> {
    let last: ChatEvent;
    try {
      try {
        const head = yield* chat.stream();
        // Before the context is unlocked: the next chat may have to go on from this answer.
        last = await chat.conclude(head);
      } catch (error) {
        if (!chat.isAnswered) throw error;
        last = toFailure(error);
        request.work.codes.push(last.code);
      } finally {
        await this.end(chat);
      }
      // Yielded last: a slow reader must not delay counting or keep the context locked.
      yield last;
    } finally {
      close();
    }
  }

  /** Continues after the client has disconnected. */
  private end(chat: RunningChat): Promise<void> {
    return this.parts.detachedWork.track(chat.end());
  }
}

export function toFailure(error: unknown): ChatFailure {
  const { code, message, retryable, details } = toAppError(error);
  return { code, message, retryable, retryAfter: details.retryAfter ?? null };
}
