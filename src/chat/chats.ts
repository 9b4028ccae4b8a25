import type { Contexts } from '../contexts/contexts.js';
import type { ContextCache } from '../contexts/types.js';
import { badUserInput, toAppError } from '../errors.js';
import { isGemini } from '../gateway/model-families.js';
import { type ChatAnswerHead, ContextMode, type NewChat } from '../gateway/types.js';
import type { OpenStreams } from '../limits/open-streams.js';
import type { RequestContext } from '../request-context.js';
import type { ChatInput } from './input.js';
import type { Turns } from './turns.js';
import type { ChatCompletion, ChatDone, ChatEvent, ChatFailure } from './types.js';

/** What is done with a context once it is there: questions and answers, whole or streamed. */
export class Chats {
  constructor(
    private readonly contexts: Contexts,
    private readonly turns: Turns,
    private readonly openStreams: OpenStreams,
  ) {}

  async complete(input: ChatInput, request: RequestContext): Promise<ChatCompletion> {
    const known = this.contexts.find(input.contextId, request);
    const chat = toNewChat(input, known);
    const endTurn = await this.takeTurn(chat, known, request);
    try {
      const { choices, ...head } = await request.dataSources.gateway.chat(chat);
      return { ...this.conclude(head, known, request), choices };
    } finally {
      endTurn();
    }
  }

  /** Resolves with the first event: what breaks before it is thrown, what breaks later is a ChatFailure. */
  async stream(input: ChatInput, request: RequestContext): Promise<AsyncIterableIterator<ChatEvent>> {
    const events = this.events(input, request);
    return resume(await events.next(), events);
  }

  private async *events(input: ChatInput, request: RequestContext): AsyncGenerator<ChatEvent> {
    const closeStream = this.openStreams.take(request.caller.id);
    let endTurn: () => void = () => undefined;
    let hasBegun = false;
    try {
      const known = this.contexts.find(input.contextId, request);
      const chat = toNewChat(input, known);
      endTurn = await this.takeTurn(chat, known, request);
      for await (const part of request.dataSources.gateway.chatStream(chat)) {
        hasBegun = true;
        if ('delta' in part) yield part.delta;
        else {
          // A reader who dawdles over the last event keeps nobody waiting.
          endTurn();
          yield this.conclude(part.end, known, request);
        }
      }
    } catch (error) {
      if (!hasBegun) throw error;
      yield toFailure(error);
    } finally {
      endTurn();
      closeStream();
    }
  }

  /** Two chats at once would race for a session's history; a prefix has none. */
  private async takeTurn(chat: NewChat, known: ContextCache | undefined, request: RequestContext) {
    const isPrefix = known?.mode === ContextMode.COMMON_PREFIX || isGemini(chat.model);
    if (isPrefix) return () => undefined;
    return this.turns.take(`${request.caller.id}\0${chat.contextId}`, request.signal);
  }

  private conclude(head: ChatAnswerHead, known: ContextCache | undefined, request: RequestContext): ChatDone {
    return {
      id: head.id ?? request.requestId,
      model: head.model,
      created: head.created ?? new Date(request.now()),
      usage: head.usage,
      context: known ? this.contexts.use(known, request) : null,
    };
  }
}

function toNewChat(input: ChatInput, known: ContextCache | undefined): NewChat {
  const model = input.model ?? known?.model;
  if (model !== undefined) return { ...input, model };
  const message = 'must be given: the model that this context was created for is not known here';
  throw badUserInput(`input.model ${message}`, [{ path: ['input', 'model'], message }]);
}

function toFailure(error: unknown): ChatFailure {
  const { code, message, retryable, details } = toAppError(error);
  return { code, message, retryable, retryAfter: details.retryAfter ?? null };
}

function resume<T>(first: IteratorResult<T, void>, rest: AsyncGenerator<T, void>): AsyncIterableIterator<T> {
  let waiting: IteratorResult<T, void> | undefined = first;
  return {
    async next() {
      const result = waiting ?? (await rest.next());
      waiting = undefined;
      return result;
    },
    return: () => rest.return(),
    throw: (error) => rest.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
