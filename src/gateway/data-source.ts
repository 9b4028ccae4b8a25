import { ChatStreamReader } from './context-api/chat-stream.js';
import {
  fromChatAnswer,
  fromCreateContextAnswer,
  fromModelsAnswer,
  toChatBody,
  toChatStreamBody,
  toCreateContextBody,
} from './context-api/mapping.js';
import { isGemini } from './context-api/model-families.js';
import { GatewayError } from './errors/gateway-error.js';
import type { BreakerState } from './http/breaker.js';
import { GatewayCalls } from './http/calls.js';
import type { GatewayCall } from './http/client.js';
import type { GatewayOptions } from './http/running-call.js';
import type {
  ChatAnswer,
  ChatAnswerDelta,
  ChatAnswerHead,
  CreatedContext,
  GatewayModel,
  GatewayOperation,
  GatewayUsage,
  NewChat,
  NewContext,
} from './types.js';

/** The REST gateway; one for the process, whose connections it owns. */
export class Gateway {
  private readonly calls: GatewayCalls;

  constructor(options: GatewayOptions) {
    this.calls = new GatewayCalls(options);
  }

  /** Whether calls are let through; `open` refuses them for a moment, since the gateway answered none. */
  get breakerState(): BreakerState {
    return this.calls.breakerState;
  }

  /** The gateway as one caller's request sees it: its calls carry this key and are aborted by this signal. */
  as(sender: Sender): GatewayDataSource {
    return new GatewayDataSource(this.calls, sender);
  }

  close(): Promise<void> {
    return this.calls.close();
  }
}

export interface ChatOptions {
  /** Whether the context takes no chat in, so that one whose answer was lost may be sent again. */
  repeatable?: boolean;
  /** The model that the context was created for; left out, the chat's. */
  contextModel?: string;
  /** Told what the gateway says of a streamed answer's tokens, as soon as it says so. */
  onUsage?: (usage: GatewayUsage) => void;
}

/** Whose calls they are. */
export type Sender = Pick<GatewayCall, 'credential' | 'signal' | 'onEnd'>;

/** Whether a call was refused for asking the stream to count its tokens. */
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

  /** `POST /context/chat/completions`; for Gemini's contexts `POST /chat/completions`. */
  chat(chat: NewChat, options: ChatOptions = {}): Promise<ChatAnswer> {
    const call = this.chatCall(chat, toChatBody(chat), options);
    return this.calls.json(call, (answer) => fromChatAnswer(answer, chat));
  }

  /** The same, streamed: the first `next()` sends it; the generator returns the response's head. Closing it between parts aborts the call. */
  async *chatStream(
    chat: NewChat,
    options: ChatOptions = {},
  ): AsyncGenerator<ChatAnswerDelta, ChatAnswerHead, void> {
    const stream = (counted: boolean) => {
      const call = this.chatCall(chat, toChatStreamBody(chat, { counted }), options);
      return this.calls.stream(call, () => new ChatStreamReader(chat, options.onUsage));
    };
    try {
      return yield* stream(true);
    } catch (error) {
      // A gateway that does not know `stream_options` has processed nothing.
      if (!refusesStreamOptions(error)) throw error;
    }
    return yield* stream(false);
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
    const path = isGemini(contextModel) ? '/chat/completions' : '/context/chat/completions';
    return { ...this.call('chat', 'POST', path, body), contextId: chat.contextId, repeatable };
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
