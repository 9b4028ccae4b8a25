import { AppError, ErrorCode } from '../../errors.js';
import type { PricedUsage } from '../../pricing/types.js';
import type { RequestContext } from '../../request-context.js';
import { type OpenChat, toFailure } from '../chats.js';
import type { ChatDone, ChatEvent, ChatFailure } from '../types.js';
import { RunView } from './run-view.js';
import { ChatRunStatus } from './types.js';

/** Everything about a run but its deltas, as it is stored. Times are in milliseconds since the epoch. */
export interface RunState {
  status: ChatRunStatus;
  model: string;
  prompt: string | null;
  contextId: string | null;
  /** Whether the gateway keeps the chat's history, as a session does. */
  keepsHistory: boolean;
  endedAt: number | null;
  usage: PricedUsage | null;
  /** Its last event; null while it runs. */
  end: StoredEnd | null;
}

/** The context is looked up anew when a run is shown. */
export type StoredEnd =
  | ({ done: true } & Omit<ChatDone, 'context' | 'created'> & { created: string })
  | ({ done: false } & ChatFailure);

export interface RunOptions {
  maxBytes: number;
  /** Called after each change; must not throw. */
  onChange: (run: Run) => void;
}

/** A chat that runs in this process, whoever watches it. */
export class Run extends RunView {
  readonly startedAt: number;
  status = ChatRunStatus.RUNNING;
  endedAt: number | null = null;
  protected readonly outlivesServer = false;
  private stopped: { status: ChatRunStatus; failure: ChatFailure } | undefined;

  constructor(
    id: string,
    private readonly chat: OpenChat,
    /** Aborts the chat, but no viewer. */
    private readonly request: RequestContext,
    private readonly options: RunOptions,
  ) {
    super(id);
    this.startedAt = request.now();
    this.watchedAt = this.startedAt;
  }

  get callerId(): string {
    return this.request.caller.id;
  }

  get state(): RunState {
    const { model, prompt, contextId, keepsHistory } = this.chat;
    const { status, endedAt } = this;
    const usage = this.chat.usage();
    return { status, model, prompt, contextId, keepsHistory, endedAt, usage, end: toStoredEnd(this.end) };
  }

  /** Resolves when the run has ended; never rejects. */
  async drive(): Promise<void> {
    try {
      for await (const event of this.chat.events) this.take(event);
    } catch (error) {
      this.finish(toFailure(error));
    }
  }

  /** Aborts the call to the gateway; what came is kept. */
  stop(status: ChatRunStatus, error: AppError): void {
    if (this.status !== ChatRunStatus.RUNNING || this.stopped) return;
    this.stopped = { status, failure: toFailure(error) };
    this.request.stop(error);
  }

  private take(event: ChatEvent): void {
    if ('runId' in event) return;
    if (!('index' in event)) {
      this.finish(event);
      return;
    }
    this.log.append(event);
    if (this.log.bytes > this.options.maxBytes)
      this.stop(ChatRunStatus.FAILED, tooLarge(this.options.maxBytes));
    this.changed();
  }

  private finish(event: ChatDone | ChatFailure): void {
    if (this.end) return;
    const end = 'code' in event ? (this.stopped?.failure ?? event) : event;
    const isHalfSeen = this.log.last > 0 || this.stopped !== undefined;
    this.end = 'code' in end ? withTurn(end, this.chat.keepsHistory && isHalfSeen) : end;
    this.status = 'code' in end ? (this.stopped?.status ?? ChatRunStatus.FAILED) : ChatRunStatus.DONE;
    this.endedAt = this.request.now();
    this.changed();
  }

  protected override changed(): void {
    super.changed();
    this.options.onChange(this);
  }
}

/** Warns that the session may contain this turn. */
export function withTurn(failure: ChatFailure, keepsHistory: boolean): ChatFailure {
  if (!keepsHistory) return failure;
  return { ...failure, message: `${failure.message} The gateway may have added this turn to the session.` };
}

export function stopped(): AppError {
  return new AppError(ErrorCode.CANCELLED, 'The chat was stopped.', { retryable: false });
}

export function unwatched(): AppError {
  return new AppError(ErrorCode.CANCELLED, 'The chat was stopped, because nobody watched it.', {
    retryable: false,
  });
}

export function interrupted(): AppError {
  const message = 'The server process that had this chat has ended. Ask again.';
  return new AppError(ErrorCode.INTERNAL_SERVER_ERROR, message, { retryable: true });
}

function tooLarge(maxBytes: number): AppError {
  const message = `The answer is larger than the ${maxBytes} bytes that are kept of a run.`;
  return new AppError(ErrorCode.GATEWAY_BAD_RESPONSE, message, { retryable: false });
}

function toStoredEnd(end: ChatDone | ChatFailure | null): StoredEnd | null {
  if (end === null) return null;
  if ('code' in end) return { done: false, ...end };
  const { context: _, created, ...done } = end;
  return { done: true, ...done, created: created.toISOString() };
}
