/**
 * npm install graphql-context-cache-client ai @ai-sdk/react
 *
 * A transport for `useChat` of the AI SDK 6:
 *
 *   const transport = new ContextChatTransport({ client, prompt: 'support-zh' });
 *   const { messages, sendMessage, stop, error } = useChat<ContextUIMessage>({ transport });
 *
 * The message of `error` begins with the error’s code, e.g. `RATE_LIMITED: …`. The server must keep runs, as it does unless it has
 * `RUNS=off`.
 */
import type { ChatTransport, FinishReason, UIMessage, UIMessageChunk } from 'ai';
import {
  type Answer,
  type AnswerEvent,
  type ChatInput,
  type ContextCacheClient,
  ContextCacheError,
  type ContextMode,
  type MessageInput,
  type MessageRole,
} from 'graphql-context-cache-client';

/** The `metadata` of an answer that is complete. */
export interface AnswerMetadata {
  promptTokens: number | undefined;
  /** Those of the prompt that came from the cache. */
  cachedTokens: number;
  completionTokens: number | undefined;
  cacheStatus: string | undefined;
}

export type ContextUIMessage = UIMessage<AnswerMetadata>;
type Chunk = UIMessageChunk<AnswerMetadata>;

export type ContextChatTransportOptions = {
  client: ContextCacheClient;
  /** Sent with each question. */
  parameters?: Pick<ChatInput, 'maxTokens' | 'temperature' | 'topP' | 'stop'>;
  /** The run that answers, by chat. To resume after a reload (`useChat({ id, resume: true })`), pass one over `sessionStorage`. */
  runs?: Runs;
} & (
  | { prompt: string; contextId?: undefined; mode?: undefined }
  | { contextId: string; mode: ContextMode; prompt?: undefined }
);

type Runs = Pick<Map<string, string>, 'get' | 'set' | 'delete'>;

export class ContextChatTransport implements ChatTransport<ContextUIMessage> {
  private readonly runs: Runs;
  /** The newest of each chat. */
  private readonly watches = new Map<string, Watch>();

  constructor(private readonly options: ContextChatTransportOptions) {
    this.runs = options.runs ?? new Map();
  }

  readonly sendMessages: ChatTransport<ContextUIMessage>['sendMessages'] = async (request) => {
    this.runs.delete(request.chatId);
    const input = this.inputOf(request.messages);
    return this.watch(request, (signal) => this.options.client.stream(input, { signal }));
  };

  readonly reconnectToStream: ChatTransport<ContextUIMessage>['reconnectToStream'] = async (request) => {
    const runId = this.runs.get(request.chatId);
    if (runId === undefined) return null;
    return this.watch(request, (signal) => this.options.client.resume(runId, { signal }), runId);
  };

  private inputOf(messages: ContextUIMessage[]): ChatInput {
    const { prompt, contextId, mode, parameters } = this.options;
    const said = messages.map(toInput).filter(({ content }) => content !== '');
    return {
      ...parameters,
      ...(prompt === undefined ? { contextId } : { prompt }),
      // The history of a session is at the gateway.
      messages: mode === 'SESSION' ? said.slice(-1) : said,
      onDisconnect: 'CONTINUE',
    };
  }

  private watch({ chatId, abortSignal }: ChatRequest, open: (signal: AbortSignal) => Answer, runId?: string) {
    abortSignal?.throwIfAborted();
    const before = this.watches.get(chatId);
    if (before) before.isReplaced = true;
    const watch = new Watch(this.options.client, this.runs, chatId, abortSignal);
    this.watches.set(chatId, watch);
    return watch.stream(open, runId);
  }
}

interface ChatRequest {
  chatId: string;
  abortSignal?: AbortSignal | undefined;
}

/** Watches an answer. Cancelling the stream only ends this; the signal ends the run, too. */
class Watch {
  isReplaced = false;
  private readonly leaving = new AbortController();

  constructor(
    private readonly client: ContextCacheClient,
    private readonly runs: Runs,
    private readonly chatId: string,
    private readonly signal: AbortSignal | undefined,
  ) {}

  stream(open: (signal: AbortSignal) => Answer, runId?: string): ReadableStream<Chunk> {
    this.signal?.addEventListener('abort', this.stop);
    return new ReadableStream<Chunk>({
      start: (out) => {
        // A message of this name is replaced, because the run is shown from its beginning.
        if (runId !== undefined) out.enqueue({ type: 'start', messageId: runId });
        void this.read(open(this.leaving.signal), out);
      },
      cancel: () => {
        if (!this.signal?.aborted) this.leaving.abort();
      },
    });
  }

  private async read(answer: Answer, out: ReadableStreamDefaultController<Chunk>): Promise<void> {
    const { runs, chatId, signal, leaving } = this;
    const parts = new Parts();
    try {
      for await (const event of answer) {
        if (event.__typename === 'ChatStarted') runs.set(chatId, event.runId);
        if (signal?.aborted) await this.stop();
        else for (const chunk of parts.chunksOf(event)) out.enqueue(chunk);
      }
      runs.delete(chatId);
      out.close();
    } catch (error) {
      // Nobody reads on.
      if (leaving.signal.aborted || signal?.aborted) return out.error(error);
      // After a lost connection the run goes on.
      if (codeOf(error) !== 'NETWORK_ERROR') runs.delete(chatId);
      for (const chunk of parts.failed(error)) out.enqueue(chunk);
      out.close();
    } finally {
      signal?.removeEventListener('abort', this.stop);
    }
  }

  private readonly stop = async (): Promise<void> => {
    // `resumeStream` aborts its former call before it makes its own.
    await Promise.resolve();
    const runId = this.runs.get(this.chatId);
    // A run can be stopped only by its id, which is to come.
    if (runId === undefined && !this.isReplaced) return;
    this.leaving.abort(this.signal?.reason);
    if (runId === undefined || this.isReplaced) return;
    this.runs.delete(this.chatId);
    // If this fails, the server ends the run itself, because nobody watches it.
    await this.client.stop(runId).catch(() => {});
  };
}

/** Turns events into chunks; a part of the message begins with its first delta. */
class Parts {
  private open: 'reasoning' | 'text' | undefined;
  private finishReason: FinishReason = 'other';

  *chunksOf(event: AnswerEvent): Generator<Chunk> {
    if (event.__typename === 'ChatStarted') yield { type: 'start', messageId: event.runId };
    if (event.__typename === 'ChatDelta' && event.index === 0) {
      yield* this.add('reasoning', event.reasoningContent);
      yield* this.add('text', event.content);
      if (event.finishReason)
        this.finishReason = event.finishReason.toLowerCase().replace('_', '-') as FinishReason;
    }
    if (event.__typename === 'ChatDone') {
      yield* this.close();
      yield { type: 'finish', finishReason: this.finishReason, messageMetadata: metadataOf(event) };
    }
  }

  *failed(error: unknown): Generator<Chunk> {
    yield* this.close();
    yield { type: 'error', errorText: `${codeOf(error)}: ${(error as Error).message}` };
  }

  private *add(kind: 'reasoning' | 'text', delta: string | null | undefined): Generator<Chunk> {
    if (!delta) return;
    if (this.open !== kind) {
      yield* this.close();
      yield { type: `${kind}-start`, id: kind };
    }
    this.open = kind;
    yield { type: `${kind}-delta`, id: kind, delta };
  }

  private *close(): Generator<Chunk> {
    if (this.open) yield { type: `${this.open}-end`, id: this.open };
    this.open = undefined;
  }
}

function toInput({ role, parts }: ContextUIMessage): MessageInput {
  const content = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  return { role: role.toUpperCase() as MessageRole, content };
}

function metadataOf({ usage, cache }: Extract<AnswerEvent, { __typename: 'ChatDone' }>): AnswerMetadata {
  return {
    promptTokens: usage?.promptTokens,
    cachedTokens: usage?.promptTokensDetails?.cachedTokens ?? 0,
    completionTokens: usage?.completionTokens,
    cacheStatus: cache.status,
  };
}

function codeOf(error: unknown): string {
  return error instanceof ContextCacheError ? error.code : 'NETWORK_ERROR';
}
