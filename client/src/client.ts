import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
import { Answer, type RunPosition, readAnswer } from './answer.js';
import type { HeadersOption } from './headers.js';
import { EventStreamTransport, post } from './http.js';
import {
  CacheReportDocument,
  type CacheReportQuery,
  ChatDocument,
  type ChatInput,
  type ChatMutation,
  ChatStreamDocument,
  CreateContextDocument,
  type CreateContextInput,
  type CreateContextMutation,
  PromptsDocument,
  type PromptsQuery,
  ResumeChatDocument,
  StopChatDocument,
  type StopChatMutation,
} from './operations.js';
import { randomKey } from './random-key.js';
import { dataOf, type SubscriptionTransport } from './results.js';
import { WebSocketTransport } from './web-socket.js';

export interface ClientOptions {
  /** The server's GraphQL endpoint; in browsers it may be relative, e.g. `/graphql`. */
  url: string;
  /** Sent with each request; over a WebSocket as connection parameters. */
  headers?: HeadersOption;
  /** What streams use: server-sent events (one request each, the default), or one WebSocket. */
  transport?: 'sse' | 'websocket';
  /** Default: the platform's. */
  fetch?: typeof globalThis.fetch;
  /** Default: the platform's. Node has one from version 22 on; before, pass that of the package `ws`. */
  WebSocket?: typeof globalThis.WebSocket;
}

export interface RequestOptions {
  /** Aborts the request; the method then throws the signal's reason. Without one, a request may take ten minutes. */
  signal?: AbortSignal;
}

/** A document of codegen with `documentMode: string`; its type has the types of the result and the variables. */
export type DocumentText<TData, TVariables> = DocumentTypeDecoration<TData, TVariables> & {
  toString(): string;
};

export interface ContextCacheClient {
  /** Caches the beginning of a conversation. */
  createContext(
    input: CreateContextInput,
    options?: RequestOptions,
  ): Promise<CreateContextMutation['createContext']>;
  /** Asks, and waits for the whole answer. */
  chat(input: ChatInput, options?: RequestOptions): Promise<ChatMutation['chat']>;
  /**
   * Asks, and streams the answer. With `onDisconnect: 'CONTINUE'` the answer is resumed after a lost connection; aborting then
   * only stops watching, and `stop` ends the run. Otherwise aborting ends the answer.
   */
  stream(input: ChatInput, options?: RequestOptions): Answer;
  /** Watches a run after the delta `after`; 0, the default, is the beginning. */
  resume(runId: string, options?: RequestOptions & { after?: number }): Answer;
  /** Ends a run; its text so far is kept. */
  stop(runId: string, options?: RequestOptions): Promise<StopChatMutation['stopChat']>;
  /** The operator's prompts, which `chat` and `stream` can name. */
  prompts(options?: RequestOptions): Promise<PromptsQuery['prompts']>;
  /** What caching saved. */
  report(options?: RequestOptions): Promise<CacheReportQuery['cacheReport']>;
  /** Runs a query or mutation of the exported documents, or of your own. */
  request<TData, TVariables>(
    document: DocumentText<TData, TVariables>,
    variables: TVariables,
    options?: RequestOptions,
  ): Promise<TData>;
  /** Closes the WebSocket, if there is one; its streams fail. It also closes with its last stream. */
  close(): void;
}

/** Every method throws a `ContextCacheError`, with a code, if it fails. */
export function createContextCacheClient(options: ClientOptions): ContextCacheClient {
  const { headers } = options;
  const http = { url: options.url, headers, fetch: options.fetch ?? globalThis.fetch.bind(globalThis) };
  const streams = options.transport === 'websocket' ? openWebSocket(options) : new EventStreamTransport(http);

  async function request<TData, TVariables>(
    document: DocumentText<TData, TVariables>,
    variables: TVariables,
    { signal }: RequestOptions = {},
  ): Promise<TData> {
    return dataOf(await post(http, { query: String(document), variables }, signal)) as TData;
  }

  function subscribe<TVariables>(
    document: DocumentText<unknown, TVariables>,
    variables: TVariables,
    signal: AbortSignal,
  ) {
    return streams.subscribe({ query: String(document), variables }, signal);
  }

  const resume = (signal: AbortSignal) => (position: RunPosition) =>
    subscribe(ResumeChatDocument, { runId: position.runId, after: position.seq }, signal);

  return {
    request,
    createContext: async (input, options) =>
      (await request(CreateContextDocument, { input }, options)).createContext,
    chat: async (input, options) => (await request(ChatDocument, { input }, options)).chat,
    stream(input, { signal = NEVER } = {}) {
      const goesOn = input.onDisconnect === 'CONTINUE';
      // The same key joins the run, if the connection is lost before its id has come.
      const kept = goesOn ? { ...input, idempotencyKey: input.idempotencyKey ?? randomKey() } : input;
      const ask = () => subscribe(ChatStreamDocument, { input: kept }, signal);
      return new Answer(readAnswer({ ask, resume: goesOn ? resume(signal) : undefined }, signal));
    },
    resume(runId, { signal = NEVER, after = 0 } = {}) {
      const position = { runId, seq: after };
      return new Answer(readAnswer({ ask: undefined, resume: resume(signal), position }, signal));
    },
    stop: async (runId, options) => (await request(StopChatDocument, { runId }, options)).stopChat,
    prompts: async (options) => (await request(PromptsDocument, {}, options)).prompts,
    report: async (options) => (await request(CacheReportDocument, {}, options)).cacheReport,
    close: () => streams.close(),
  };
}

const NEVER = new AbortController().signal;

function openWebSocket({
  url,
  headers,
  WebSocket = globalThis.WebSocket,
}: ClientOptions): SubscriptionTransport {
  if (!WebSocket) throw new TypeError('This platform has no WebSocket: pass one, e.g. of the package ws.');
  // Browsers' pages have a location; elsewhere the URL is absolute.
  const absolute = new URL(url, globalThis.location?.href);
  absolute.protocol = absolute.protocol.replace('http', 'ws');
  return new WebSocketTransport({ url: absolute.href, headers, WebSocket });
}
