import { AppError, ErrorCode } from '../../errors.js';
import { type ApiDescription, type CachingApi, type ChatOptions, ContextExpiry } from '../caching-api.js';
import type { CallerCalls } from '../caller-calls.js';
import { asText } from '../json.js';
import {
  type ChatAnswer,
  type ChatAnswerDelta,
  type ChatAnswerHead,
  ContextMode,
  type CreatedContext,
  type NewChat,
  type NewContext,
} from '../types.js';
import { fromChatAnswer, fromCreation, toChatBody, toCreationBody } from './mapping.js';
import { ResponseStreamReader } from './response-stream.js';
import { refuseUnsupportedChat, refuseUnsupportedContext } from './unsupported.js';

/** Seconds: seven days. */
const MAX_TTL = 604_800;

/** Answers that are deleted per chain at most; the rest expires. */
const MAX_CHAIN = 10_000;

/** By Volcengine 82379/1602228: a prefix of 256 tokens at least, kept for up to seven days, whether it is used or not. */
export const RESPONSES_API: ApiDescription = {
  // The gateway's document names none of its models; the file of models does.
  isDocumented: () => false,
  capabilitiesOf: () => ({
    modes: [ContextMode.SESSION, ContextMode.COMMON_PREFIX],
    expiry: ContextExpiry.FIXED,
    minTtl: null,
    maxTtl: MAX_TTL,
    minPromptTokens: 256,
    deletable: true,
  }),
  open: (calls, now) => new ResponsesApi(calls, now),
};

/** Ark's Responses API. A prefix is a stored response that chats go on from; a session is a chain of them. */
class ResponsesApi implements CachingApi {
  constructor(
    private readonly calls: CallerCalls,
    private readonly now: () => number,
  ) {}

  async createContext(context: NewContext): Promise<CreatedContext> {
    refuseUnsupportedContext(context);
    const body = toCreationBody(context, this.now());
    const call = { operation: 'createContext', method: 'POST', path: '/responses', body } as const;
    return this.calls.json(call, (answer) => fromCreation(answer, context, this.now()));
  }

  async chat(chat: NewChat, options: ChatOptions): Promise<ChatAnswer> {
    const call = this.chatCall(chat, options);
    return this.calls.json(call, (answer) => fromChatAnswer(answer, chat));
  }

  async *chatStream(
    chat: NewChat,
    options: ChatOptions,
  ): AsyncGenerator<ChatAnswerDelta, ChatAnswerHead, void> {
    const call = this.chatCall(chat, options);
    return yield* this.calls.stream({
      ...call,
      body: { ...call.body, stream: true },
      newReader: () => new ResponseStreamReader(chat, options.onUsage),
      bodyAfter: () => undefined,
    });
  }

  /** Deletes a chain newest first, so that no answer refers to a deleted one. */
  async deleteContext(contextId: string): Promise<void> {
    let id: string | null = contextId;
    for (let deleted = 0; id !== null && deleted < MAX_CHAIN; deleted++) {
      const previous: string | null = await this.previousOf(id);
      await this.delete(id);
      id = previous;
    }
  }

  private chatCall(chat: NewChat, { repeatable = false, keepsHistory = false, expiresAt }: ChatOptions) {
    refuseUnsupportedChat(chat);
    const body = toChatBody(chat, keepsHistory, expiresAt);
    const { contextId } = chat;
    return { operation: 'chat', method: 'POST', path: '/responses', body, contextId, repeatable } as const;
  }

  private previousOf(id: string): Promise<string | null> {
    const call = { operation: 'deleteContext', method: 'GET', path: pathOf(id), repeatable: true } as const;
    return this.calls
      .json(call, ({ previous_response_id: previous }) => asText(previous) || null)
      .catch(unlessGone);
  }

  private async delete(id: string): Promise<void> {
    const call = {
      operation: 'deleteContext',
      method: 'DELETE',
      path: pathOf(id),
      repeatable: true,
    } as const;
    await this.calls.json(call, () => null).catch(unlessGone);
  }
}

function pathOf(id: string): string {
  return `/responses/${encodeURIComponent(id)}`;
}

/** What is gone already need not be deleted. */
function unlessGone(error: unknown): null {
  if (error instanceof AppError && error.details.gateway?.status === 404) return null;
  if (error instanceof AppError && error.code === ErrorCode.CONTEXT_NOT_FOUND) return null;
  throw error;
}
