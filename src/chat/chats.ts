import type { DetachedWork } from '../coordination/detached-work.js';
import type { Idempotency } from '../coordination/idempotency.js';
import { afterProcessing, toAppError } from '../errors.js';
import type { OpenStreams } from '../limits/open-streams.js';
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

/** Asks a context and answers, whole or streamed. */
export class Chats {
  constructor(private readonly parts: ChatsParts) {}

  async complete(input: ChatInput, request: RequestContext): Promise<ChatCompletion> {
    await this.parts.budgets.consumeChat(request.caller.id);
    const { idempotencyKey } = input;
    if (idempotencyKey == null) return this.completeNow(input, request);
    const asked = { callerId: request.caller.id, operation: 'chat', idempotencyKey, input };
    const detached = request.detached();
    return this.parts.idempotency.once(asked, request.signal, () => this.completeNow(input, detached));
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
  stream(input: ChatInput, request: RequestContext): Promise<AsyncIterableIterator<ChatEvent, void, void>> {
    return started(this.events(input, request));
  }

  private async *events(input: ChatInput, request: RequestContext): AsyncGenerator<ChatEvent, void, void> {
    const closeStream = await this.parts.openStreams.acquire(request.caller.id);
    let chat: RunningChat | undefined;
    let last: ChatEvent;
    try {
      try {
        await this.parts.budgets.consumeChat(request.caller.id);
        chat = await RunningChat.begin(input, this.parts, request);
        const head = yield* chat.stream();
        // The store writes both at once.
        [last] = await Promise.all([chat.conclude(head), chat.end()]);
      } catch (error) {
        if (!chat?.isAnswered) throw error;
        last = toFailure(error);
        request.work.codes.push(last.code);
      } finally {
        if (chat) await this.end(chat);
      }
      // A slow reader of the last event keeps nobody waiting: everything is counted and the context is unlocked by now.
      yield last;
    } finally {
      closeStream();
    }
  }

  /** Continues after the client has disconnected. */
  private end(chat: RunningChat): Promise<unknown> {
    return this.parts.detachedWork.track(chat.end());
  }
}

function toFailure(error: unknown): ChatFailure {
  const { code, message, retryable, details } = toAppError(error);
  return { code, message, retryable, retryAfter: details.retryAfter ?? null };
}
