import {
  type ApiDescription,
  type CacheCapabilities,
  type CachingApi,
  type ChatOptions,
  ContextExpiry,
} from '../caching-api.js';
import type { CallerCalls } from '../caller-calls.js';
import { GatewayError } from '../errors/gateway-error.js';
import {
  type ChatAnswer,
  type ChatAnswerDelta,
  type ChatAnswerHead,
  ContextMode,
  type CreatedContext,
  type NewChat,
  type NewContext,
} from '../types.js';
import { fromChatAnswer, toChatBody, toChatStreamBody } from './chat-mapping.js';
import { ChatStreamReader } from './chat-stream.js';
import { fromCreateContextAnswer, toCreateContextBody } from './context-mapping.js';

const MODELS: ReadonlySet<string> = new Set(['doubao-1.5-pro-32k', 'doubao-1.5-lite-32k', 'doubao-pro-32k']);

/** By context-create.zh.txt, section 3.2. */
export const CONTEXT_API: ApiDescription = {
  isDocumented: (model) => MODELS.has(model.toLowerCase()),
  capabilitiesOf: (): CacheCapabilities => ({
    modes: [ContextMode.SESSION, ContextMode.COMMON_PREFIX],
    expiry: ContextExpiry.SLIDING,
    minTtl: 3_600,
    maxTtl: 604_800,
    minPromptTokens: null,
    deletable: false,
  }),
  open: (calls) => new ContextApi(calls, '/context/chat/completions'),
};

/** The gateway's own API: contexts with ids, and OpenAI's chat completions on them. */
export class ContextApi implements CachingApi {
  constructor(
    private readonly calls: CallerCalls,
    /** Of chats on a context. */
    private readonly chatPath: string,
  ) {}

  /** `POST /context/create`. */
  createContext(context: NewContext): Promise<CreatedContext> {
    const body = toCreateContextBody(context);
    const call = { operation: 'createContext', method: 'POST', path: '/context/create', body } as const;
    return this.calls.json(call, (answer) => fromCreateContextAnswer(answer, context));
  }

  chat(chat: NewChat, options: ChatOptions): Promise<ChatAnswer> {
    const call = this.chatCall(chat, toChatBody(chat), options);
    return this.calls.json(call, (answer) => fromChatAnswer(answer, chat));
  }

  chatStream(chat: NewChat, options: ChatOptions): AsyncGenerator<ChatAnswerDelta, ChatAnswerHead, void> {
    return this.calls.stream({
      ...this.chatCall(chat, toChatStreamBody(chat), options),
      newReader: () => new ChatStreamReader(chat, options.onUsage),
      // A gateway that does not know `stream_options` has processed nothing.
      bodyAfter: (error) =>
        refusesStreamOptions(error) ? toChatStreamBody(chat, { counted: false }) : undefined,
    });
  }

  /** The gateway has no call for it: contexts expire. */
  async deleteContext(): Promise<void> {}

  private chatCall(chat: NewChat, body: object, { repeatable = false }: ChatOptions) {
    const { contextId } = chat;
    const path = contextId === undefined ? '/chat/completions' : this.chatPath;
    return { operation: 'chat', method: 'POST', path, body, contextId, repeatable } as const;
  }
}

/** Whether a stream was refused because it asked for its usage. */
function refusesStreamOptions(error: unknown): boolean {
  if (!(error instanceof GatewayError)) return false;
  const { status } = error.details.gateway ?? {};
  return (status === 400 || status === 422) && /^stream_options\b/.test(error.failure.param ?? '');
}
