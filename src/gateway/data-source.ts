import { fromChatAnswer, toChatBody, toChatStreamBody } from './context-api/chat-mapping.js';
import { ChatStreamReader, type OnUsage } from './context-api/chat-stream.js';
import {
  fromCreateContextAnswer,
  fromModelsAnswer,
  toCreateContextBody,
} from './context-api/context-mapping.js';
import { isGemini } from './context-api/model-families.js';
import { GatewayError } from './errors/gateway-error.js';
import type { BreakerState } from './http/breaker.js';
import { GatewayCalls, type GatewayOptions } from './http/calls.js';
import type { GatewayCall } from './http/client.js';
import type {
  ChatAnswer,
  ChatAnswerDelta,
  ChatAnswerHead,
  CreatedContext,
  GatewayModel,
  GatewayOperation,
  NewChat,
  NewContext,
} from './types.js';

/** The REST gateway, with its connections; one per process. */
export class Gateway {
  private readonly calls: GatewayCalls;

  constructor(options: GatewayOptions) {
    this.calls = new GatewayCalls(options);
  }

  /** `open`: calls are refused for a moment, since the gateway has failed. */
  get breakerState(): BreakerState {
    return this.calls.breakerState;
  }

  /** The gateway for one request: its calls carry the caller's key and are aborted by its signal. */
  as(sender: Sender): GatewayDataSource {
    return new GatewayDataSource(this.calls, sender);
  }

  close(): Promise<void> {
    return this.calls.close();
  }
}

export interface ChatOptions {
  /** Whether the context keeps no history, so that a chat may be repeated after its response was lost. */
  repeatable?: boolean;
  /** The model that the context was created for; by default the chat's. */
  contextModel?: string;
  /** Called with the usage of a streamed response as soon as it is known. */
  onUsage?: OnUsage;
}

/** On whose behalf calls are made. */
export type Sender = Pick<GatewayCall, 'credential' | 'signal' | 'onEnd'>;

/** Whether a stream was refused because it asked for its usage. */
function refusesStreamOptions(error: unknown): boolean {
  if (!(error instanceof GatewayError)) return false;
  const { status } = error.details.gateway ?? {};
  return (status === 400 || status === 422) && /^stream_options\b/.test(error.failure.param ?? '');
}

export class GatewayDataSource {
  constructor(
    private readonly calls: GatewayCalls,
    private readonly sender: Sender,
  ) {}

  /** `POST /context/create`. */
  createContext(context: NewContext): Promise<CreatedContext> {
    const call = this.call('createContext', 'POST', '/context/create', toCreateContextBody(context));
    return this.calls.json(call, (answer) => fromCreateContextAnswer(answer, context));
  }

  /** `POST /context/chat/completions`; without a context, and for Gemini's, `POST /chat/completions`. */
  chat(chat: NewChat, options: ChatOptions = {}): Promise<ChatAnswer> {
    const call = this.chatCall(chat, toChatBody(chat), options);
    return this.calls.json(call, (answer) => fromChatAnswer(answer, chat));
  }

  /** The same, streamed: the first `next()` sends it, `return()` aborts it. The return value is the response's head. */
  chatStream(
    chat: NewChat,
    options: ChatOptions = {},
  ): AsyncGenerator<ChatAnswerDelta, ChatAnswerHead, void> {
    return this.calls.stream({
      ...this.chatCall(chat, toChatStreamBody(chat), options),
      newReader: () => new ChatStreamReader(chat, options.onUsage),
      // A gateway that does not know `stream_options` has processed nothing.
      bodyAfter: (error) =>
        refusesStreamOptions(error) ? toChatStreamBody(chat, { counted: false }) : undefined,
    });
  }

  /** `GET /models`. */
  models(): Promise<GatewayModel[]> {
    const call = { ...this.call('models', 'GET', '/models'), repeatable: true };
    return this.calls.json(call, fromModelsAnswer);
  }

  private chatCall(
    chat: NewChat,
    body: object,
    { repeatable = false, contextModel = chat.model }: ChatOptions,
  ): GatewayCall {
    const { contextId } = chat;
    const isOnContext = contextId !== undefined && !isGemini(contextModel);
    const path = isOnContext ? '/context/chat/completions' : '/chat/completions';
    return { ...this.call('chat', 'POST', path, body), contextId, repeatable };
  }

  private call(
    operation: GatewayOperation,
    method: GatewayCall['method'],
    path: string,
    body?: object,
  ): GatewayCall {
    const { credential, signal, onEnd } = this.sender;
    return { operation, method, path, body, credential, signal, onEnd };
  }
}
