/** Shared by all recipes: reading results and handling errors. */
import type {
  ChatInput,
  ChatMutation,
  ChatStreamSubscription,
  CreateContextInput,
  CreateContextMutation,
  ErrorExtensions,
  MessageInput,
  ResumeChatSubscription,
} from 'graphql-context-cache-client';

export type ChatEvent = ChatStreamSubscription['chatStream'];
export type ChatDone = Extract<ChatEvent, { __typename: 'ChatDone' }>;
export type ChatFailure = Extract<ChatEvent, { __typename: 'ChatFailure' }>;

/** The interface that each recipe implements with its client. */
export interface ContextClient {
  createContext(input: CreateContextInput): Promise<CreateContextMutation['createContext']>;
  chat(input: ChatInput): Promise<ChatMutation['chat']>;
  /** Calls `onText` with each piece of the answer. The signal aborts the stream and the upstream request. */
  chatStream(
    input: ChatInput,
    onText: (text: string) => void,
    signal?: AbortSignal,
    position?: Position,
  ): Promise<ChatDone>;
  /** Goes on with an answer that was begun with `onDisconnect: 'CONTINUE'`. */
  resumeChat(position: Position, onText: (text: string) => void, signal?: AbortSignal): Promise<ChatDone>;
}

/** Where the stream of a run is: its id, and the number of the last delta that came. */
export interface Position {
  runId: string;
  seq: number;
}

/** The server answered with an error. */
export class ContextCacheError extends Error {
  constructor(
    message: string,
    readonly extensions: ErrorExtensions,
  ) {
    super(message);
  }
}

/** The answer was interrupted. The text passed to `onText` remains valid. */
export class AnswerBroke extends Error {
  constructor(readonly failure: ChatFailure) {
    super(failure.message);
  }
}

/** The stream ended without a last event, so the connection was lost: the server always sends one. */
export const CUT_OFF = new Error('The connection was lost before the answer was complete.');

/** Throws the first error of a result. */
export function throwErrors(errors: readonly { message: string; extensions?: unknown }[] = []): void {
  const [first] = errors;
  if (first) throw new ContextCacheError(first.message, first.extensions as ErrorExtensions);
}

export interface StreamResult {
  data?: ChatStreamSubscription | ResumeChatSubscription | null | undefined;
  errors?: readonly { message: string; extensions?: unknown }[] | undefined;
}

/** Returns the last event of the answer, else undefined. */
export function read(
  { data, errors }: StreamResult,
  onText: (text: string) => void,
  position?: Position,
): ChatDone | undefined {
  throwErrors(errors);
  const [event] = Object.values(data ?? {});
  if (position && event?.__typename === 'ChatStarted') position.runId = event.runId;
  if (position && event?.__typename === 'ChatDelta') position.seq = event.seq ?? position.seq;
  if (event?.__typename === 'ChatFailure') throw new AnswerBroke(event);
  if (event?.__typename === 'ChatDone') return event;
  if (event?.__typename === 'ChatDelta' && event.content) onText(event.content);
  return undefined;
}

/** Turns a callback-based stream into a promise. `start` opens the stream and returns a function that closes it. */
export async function follow(
  start: (next: (result: StreamResult) => void, fail: (error: unknown) => void) => () => void,
  onText: (text: string) => void,
  signal?: AbortSignal,
  position?: Position,
): Promise<ChatDone> {
  signal?.throwIfAborted();
  let close = () => {};
  let leave = () => {};
  try {
    return await new Promise<ChatDone>((resolve, reject) => {
      leave = () => reject(signal?.reason);
      signal?.addEventListener('abort', leave);
      close = start((result) => {
        try {
          const done = read(result, onText, position);
          if (done) resolve(done);
        } catch (error) {
          reject(error);
        }
      }, reject);
    });
  } finally {
    signal?.removeEventListener('abort', leave);
    close();
  }
}

/** How often an answer is resumed at most, and how long it waits before. */
const RESUMES = 5;
const PAUSE_SECONDS = 0.5;

/**
 * Streams an answer that survives lost connections: it goes on at the server, and this resumes it. The signal stops watching;
 * `StopChatDocument` ends the answer.
 */
export async function streamResuming(
  client: ContextClient,
  input: ChatInput,
  onText: (text: string) => void,
  signal?: AbortSignal,
): Promise<ChatDone> {
  const position: Position = { runId: '', seq: 0 };
  // Sent again before the id of the run has come, the request joins the same run.
  const kept: ChatInput = { ...input, onDisconnect: 'CONTINUE', idempotencyKey: crypto.randomUUID() };
  for (let resumes = 0; ; resumes++) {
    try {
      return position.runId === ''
        ? await client.chatStream(kept, onText, signal, position)
        : await client.resumeChat(position, onText, signal);
    } catch (error) {
      const isAnswer = error instanceof ContextCacheError || error instanceof AnswerBroke;
      if (isAnswer || signal?.aborted || resumes === RESUMES) throw error;
      await seconds(PAUSE_SECONDS);
    }
  }
}

/** Creates an expired context again and waits after a rate limit, once per question. */
export class Conversation {
  private contextId: string | undefined;

  constructor(
    private readonly client: ContextClient,
    private readonly beginning: CreateContextInput,
  ) {}

  async ask(question: string): Promise<string> {
    const { choices } = await this.inContext((contextId) => this.client.chat(toInput(contextId, question)));
    return choices[0]?.message.content ?? '';
  }

  askStreaming(question: string, onText: (text: string) => void, signal?: AbortSignal): Promise<ChatDone> {
    return this.inContext((contextId) =>
      this.client.chatStream(toInput(contextId, question), onText, signal),
    );
  }

  private async inContext<T>(work: (contextId: string) => Promise<T>): Promise<T> {
    try {
      return await work(await this.open());
    } catch (error) {
      if (!(error instanceof ContextCacheError)) throw error;
      const { code, retryAfter } = error.extensions;
      if (code === 'CONTEXT_NOT_FOUND') this.contextId = undefined;
      else if (code === 'RATE_LIMITED' && retryAfter !== undefined) await seconds(retryAfter);
      else throw error;
      return work(await this.open());
    }
  }

  private async open(): Promise<string> {
    this.contextId ??= (await this.client.createContext(this.beginning)).id;
    return this.contextId;
  }
}

/** Chats with a prompt by its name. A prompt keeps no history, so each question carries the conversation so far. */
export class PromptConversation {
  private messages: MessageInput[] = [];

  constructor(
    private readonly client: ContextClient,
    private readonly prompt: string,
  ) {}

  async ask(question: string): Promise<string> {
    const messages: MessageInput[] = [...this.messages, { role: 'USER', content: question }];
    const { choices } = await this.client.chat({ prompt: this.prompt, messages });
    const answer = choices[0]?.message.content ?? '';
    this.messages = [...messages, { role: 'ASSISTANT', content: answer }];
    return answer;
  }

  async askStreaming(
    question: string,
    onText: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<ChatDone> {
    const messages: MessageInput[] = [...this.messages, { role: 'USER', content: question }];
    let answer = '';
    const keep = (text: string) => {
      answer += text;
      onText(text);
    };
    const done = await this.client.chatStream({ prompt: this.prompt, messages }, keep, signal);
    this.messages = [...messages, { role: 'ASSISTANT', content: answer }];
    return done;
  }
}

function toInput(contextId: string, question: string): ChatInput {
  return { contextId, messages: [{ role: 'USER', content: question }] };
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}
