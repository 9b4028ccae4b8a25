import { APIS, type ApiName } from './apis.js';
import type { CachingApi, ChatOptions } from './caching-api.js';
import { CallerCalls, type Sender } from './caller-calls.js';
import { fromModelsAnswer } from './context-api/context-mapping.js';
import type { BreakerState } from './http/breaker.js';
import { GatewayCalls, type GatewayOptions } from './http/calls.js';
import type {
  ChatAnswer,
  ChatAnswerDelta,
  ChatAnswerHead,
  CreatedContext,
  GatewayModel,
  NewChat,
  NewContext,
} from './types.js';

/** The REST gateway, with its connections; one per process. */
export class Gateway {
  private readonly calls: GatewayCalls;
  private readonly now: () => number;

  constructor(options: GatewayOptions) {
    this.calls = new GatewayCalls(options);
    this.now = options.now ?? Date.now;
  }

  /** `open`: calls are refused for a moment, since the gateway has failed. */
  get breakerState(): BreakerState {
    return this.calls.breakerState;
  }

  /** The gateway for one request: its calls carry the caller's key and are aborted by its signal. */
  forCaller(sender: Sender): GatewayDataSource {
    return new GatewayDataSource(new CallerCalls(this.calls, sender), this.now);
  }

  close(): Promise<void> {
    return this.calls.close();
  }
}

/** Whatever API a context belongs to is asked the same way. */
export class GatewayDataSource {
  constructor(
    private readonly calls: CallerCalls,
    private readonly now: () => number,
  ) {}

  createContext(api: ApiName, context: NewContext): Promise<CreatedContext> {
    return this.open(api).createContext(context);
  }

  chat(api: ApiName, chat: NewChat, options: ChatOptions = {}): Promise<ChatAnswer> {
    return this.open(api).chat(chat, options);
  }

  /** The same, streamed: the first `next()` sends it, `return()` aborts it. The return value is the response's head. */
  chatStream(
    api: ApiName,
    chat: NewChat,
    options: ChatOptions = {},
  ): AsyncGenerator<ChatAnswerDelta, ChatAnswerHead, void> {
    return this.open(api).chatStream(chat, options);
  }

  /** Deletes a context at the gateway; nothing where its API cannot. */
  deleteContext(api: ApiName, contextId: string): Promise<void> {
    return this.open(api).deleteContext(contextId);
  }

  /** `GET /models`. */
  models(): Promise<GatewayModel[]> {
    const call = { operation: 'models', method: 'GET', path: '/models', repeatable: true } as const;
    return this.calls.json(call, fromModelsAnswer);
  }

  private open(api: ApiName): CachingApi {
    return APIS[api].open(this.calls, this.now);
  }
}
