import { readChatStream } from './chat-stream.js';
import { type GatewayCall, GatewayHttp, type GatewayHttpOptions } from './http.js';
import {
  fromChatAnswer,
  fromCreateContextAnswer,
  fromModelsAnswer,
  toChatBody,
  toChatStreamBody,
  toCreateContextBody,
} from './mapping.js';
import { isGemini } from './model-families.js';
import type {
  ChatAnswer,
  ChatAnswerPart,
  CreatedContext,
  GatewayCredential,
  GatewayModel,
  NewChat,
  NewContext,
} from './types.js';

/** The REST gateway; one for the process, whose connections it owns. */
export class Gateway {
  private readonly http: GatewayHttp;

  constructor(options: GatewayHttpOptions) {
    this.http = new GatewayHttp(options);
  }

  /** The gateway as one caller's request sees it: its calls carry this key and end with this signal. */
  as(credential: GatewayCredential, signal: AbortSignal): GatewayDataSource {
    return new GatewayDataSource(this.http, credential, signal);
  }

  close(): Promise<void> {
    return this.http.close();
  }
}

export class GatewayDataSource {
  constructor(
    private readonly http: GatewayHttp,
    private readonly credential: GatewayCredential,
    private readonly signal: AbortSignal,
  ) {}

  /** `POST /context/create`. */
  async createContext(context: NewContext): Promise<CreatedContext> {
    const answer = await this.http.json({
      operation: 'createContext',
      method: 'POST',
      path: '/context/create',
      body: toCreateContextBody(context),
      credential: this.credential,
      signal: this.signal,
    });
    return fromCreateContextAnswer(answer, context);
  }

  /** `POST /context/chat/completions`; for Gemini's contexts `POST /chat/completions`. */
  async chat(chat: NewChat): Promise<ChatAnswer> {
    return fromChatAnswer(await this.http.json(this.chatCall(chat, toChatBody(chat))), chat);
  }

  /** The same, streamed. */
  chatStream(chat: NewChat): AsyncGenerator<ChatAnswerPart> {
    return readChatStream(this.http.events(this.chatCall(chat, toChatStreamBody(chat))), chat);
  }

  private chatCall(chat: NewChat, body: object): GatewayCall {
    return {
      operation: 'chat',
      contextId: chat.contextId,
      method: 'POST',
      path: isGemini(chat.model) ? '/chat/completions' : '/context/chat/completions',
      body,
      credential: this.credential,
      signal: this.signal,
    };
  }

  /** `GET /models`. */
  async models(): Promise<GatewayModel[]> {
    const answer = await this.http.json({
      operation: 'models',
      method: 'GET',
      path: '/models',
      credential: this.credential,
      signal: this.signal,
    });
    return fromModelsAnswer(answer);
  }
}
