import type { Answer, AnswerEvent } from '../answer.js';
import { ContextCacheError, connectionLost, networkError } from '../errors.js';
import { type ChatInput, ContextDocument, type ContextMode } from '../operations.js';
import { randomKey } from '../random-key.js';
import { addDelta, type ChatMessage, ended, toInput } from './messages.js';
import type { ContextChatOptions } from './options.js';
import { type ChatState, stateOf } from './state.js';
import { type ChatStorage, defaultStorage, readMessages, writeMessages } from './storage.js';

/** Milliseconds between two writes of a growing answer to the storage. */
const SAVE_MS = 500;

/** The answer that is coming. */
interface Following {
  controller: AbortController;
  /** Stopped before its run was known. */
  isStopped: boolean;
}

/** A conversation. It does not depend on a UI library: `subscribe` and `getState` are what such a library needs. */
export class ContextChat {
  private state: ChatState;
  private readonly listeners = new Set<() => void>();
  private readonly storage: ChatStorage | null;
  private readonly key: string;
  private following: Following | undefined;
  /** One for each view that is attached. */
  private readonly views = new Set<object>();
  /** Whether the server keeps runs; the first question finds out. */
  private hasRuns = true;
  private mode: ContextMode | undefined;
  private parameters: ContextChatOptions['parameters'];
  private savedAt = 0;

  constructor(private readonly options: ContextChatOptions) {
    const { storage = defaultStorage(), id = options.prompt ?? options.contextId } = options;
    this.storage = storage;
    this.key = `context-chat:${id}`;
    if (options.contextId === undefined) this.mode = 'COMMON_PREFIX';
    this.update(options);
    this.state = stateOf(readMessages(storage, this.key));
  }

  /** Takes the options' `parameters` and `mode` for the questions to come; other options make another chat. */
  readonly update = (options: ContextChatOptions): void => {
    this.parameters = options.parameters;
    if (options.contextId !== undefined) this.mode = options.mode ?? this.mode;
  };

  readonly getState = (): ChatState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /**
   * Goes on with an answer that was coming before a reload. Returns a function that stops watching, with the last view that is
   * attached; the answer goes on at the server.
   */
  readonly attach = (): (() => void) => {
    const view = {};
    this.views.add(view);
    if (this.isBusy && !this.following) void this.goOn();
    return () => {
      if (!this.views.delete(view) || this.views.size > 0) return;
      this.following?.controller.abort();
      this.following = undefined;
      this.save();
    };
  };

  /** Asks. Resolves at the end of the answer; a failure is in the state. Does nothing while an answer is coming. */
  readonly send = async (content: string): Promise<void> => {
    if (!this.isBusy) await this.ask(this.state.messages, content);
  };

  /** Ends the answer; its text so far stays. */
  readonly stop = (): void => {
    const { following, last } = this;
    if (!last || !(this.isBusy || last.run)) return;
    this.following = undefined;
    this.replace(ended(last, 'stopped'));
    if (following && last.run && last.run.id === undefined) {
      // A run can be stopped only by its id, not known yet.
      following.isStopped = true;
    } else {
      following?.controller.abort();
      // Also where nobody watches it: it goes on at the server.
      if (last.run?.id !== undefined) this.stopRun(last.run.id);
    }
  };

  /**
   * Asks the last question again in place of its answer; in a SESSION, whose history is at the gateway, as a new question. An answer
   * whose connection was lost may be there by now: it is not asked again but shown to its end.
   */
  readonly regenerate = async (): Promise<void> => {
    const { last } = this;
    if (last?.state === 'failed' && last.run) return this.goOn();
    const question = this.state.messages.findLast(({ role }) => role === 'user');
    if (question) await this.edit(question.id, question.content);
  };

  /** Asks a question in other words and drops what followed it; in a SESSION, it becomes a new question. */
  readonly edit = async (questionId: string, content: string): Promise<void> => {
    if (this.isBusy) return;
    const { messages } = this.state;
    const place = messages.findIndex(({ id, role }) => id === questionId && role === 'user');
    if (place >= 0) await this.ask(messages, content, place);
  };

  /** Ends the answer, and forgets the conversation. */
  readonly clear = (): void => {
    this.stop();
    this.set([]);
  };

  private get last(): ChatMessage | undefined {
    return this.state.messages.at(-1);
  }

  private get isBusy(): boolean {
    return this.last?.state === 'streaming';
  }

  private async ask(before: readonly ChatMessage[], content: string, place = before.length): Promise<void> {
    const question: ChatMessage = { id: randomKey(), role: 'user', content, state: 'complete' };
    const answer: ChatMessage = {
      id: randomKey(),
      role: 'assistant',
      content: '',
      state: 'streaming',
      ...(this.hasRuns && { run: { idempotencyKey: randomKey() } }),
    };
    await this.follow(async (signal) => {
      const { following } = this;
      this.set([...before.slice(0, place), question, answer]);
      // The mode may be known only now; sessions drop nothing.
      const isSession = place < before.length && (await this.findMode(signal)) === 'SESSION';
      // Else it was stopped or cleared meanwhile.
      if (isSession && this.following === following) this.set([...before, question, answer]);
      return this.openStream(signal);
    });
  }

  private async goOn(): Promise<void> {
    const { error: _, ...answer } = this.last as ChatMessage;
    const { run } = answer;
    if (!run) return this.fail(connectionLost());
    await this.follow(async (signal) => {
      this.replace({ ...answer, state: 'streaming' });
      return run.id === undefined ? this.openStream(signal) : this.options.client.resume(run.id, { signal });
    }, run.id !== undefined);
  }

  private async openStream(signal: AbortSignal): Promise<Answer> {
    const { client, prompt, contextId } = this.options;
    const isSession = (await this.findMode(signal)) === 'SESSION';
    const said = toInput(this.state.messages.slice(0, -1));
    const run = this.last?.run;
    const input: ChatInput = {
      ...this.parameters,
      ...(prompt === undefined ? { contextId } : { prompt }),
      messages: isSession ? said.slice(-1) : said,
      ...(run && { onDisconnect: 'CONTINUE', idempotencyKey: run.idempotencyKey }),
    };
    return client.stream(input, { signal });
  }

  /** A context that the server does not know might be a session, whose history must not be sent again. */
  private async findMode(signal: AbortSignal): Promise<ContextMode> {
    const { client, contextId: id = '' } = this.options;
    this.mode ??= await client.request(ContextDocument, { id }, { signal }).then(
      ({ context }) => context?.mode ?? 'SESSION',
      (error) => {
        if (error instanceof ContextCacheError && error.code === 'CONTEXT_NOT_FOUND') return 'SESSION';
        throw error;
      },
    );
    return this.mode;
  }

  /** `again`: the events repeat the answer from its start, replacing its text so far. */
  private async follow(open: (signal: AbortSignal) => Promise<Answer>, again = false): Promise<void> {
    const following: Following = { controller: new AbortController(), isStopped: false };
    this.following = following;
    try {
      const answer = await open(following.controller.signal);
      // Stopped before it was asked.
      if (this.following !== following) return;
      let isRepeated = again;
      for await (const event of answer) {
        if (following.isStopped && event.__typename === 'ChatStarted') this.stopRun(event.runId);
        if (this.following !== following) return;
        if (isRepeated && this.last) this.replace({ ...this.last, content: '', reasoning: '' });
        isRepeated = false;
        this.read(event);
      }
    } catch (error) {
      if (this.following !== following) return;
      if (refusesRuns(error) && this.last?.run) return this.askWithoutRun();
      this.fail(error);
    } finally {
      if (this.following === following) this.following = undefined;
    }
  }

  private read(event: AnswerEvent): void {
    const { last } = this;
    if (!last) return;
    if (event.__typename === 'ChatStarted') {
      const idempotencyKey = last.run?.idempotencyKey ?? '';
      this.replace({ ...last, run: { idempotencyKey, id: event.runId } });
      this.save();
    } else if (event.__typename === 'ChatDelta') {
      this.replace(addDelta(last, event));
    } else {
      this.replace(ended(last, 'complete', { usage: event.usage, cache: event.cache }));
    }
  }

  private async askWithoutRun(): Promise<void> {
    this.hasRuns = false;
    const { run: _, ...answer } = this.last as ChatMessage;
    this.replace(answer);
    await this.follow((signal) => this.openStream(signal));
  }

  /** If this fails, the server ends the run itself, because nobody watches it. */
  private stopRun(id: string): void {
    this.options.client.stop(id).catch(() => {});
  }

  private fail(error: unknown): void {
    const known =
      error instanceof ContextCacheError ? error : networkError('The question could not be sent.', error);
    const { last } = this;
    if (!last) return;
    // The run may go on without its connection.
    const lost = known.code === 'NETWORK_ERROR' && last.run ? { run: last.run } : {};
    this.replace(ended(last, 'failed', { error: known, ...lost }));
  }

  private replace(message: ChatMessage): void {
    this.set([...this.state.messages.slice(0, -1), message]);
  }

  private set(messages: readonly ChatMessage[]): void {
    this.state = stateOf(messages);
    if (!this.isBusy || Date.now() - this.savedAt >= SAVE_MS) this.save();
    for (const listener of this.listeners) listener();
  }

  private save(): void {
    this.savedAt = Date.now();
    writeMessages(this.storage, this.key, this.state.messages);
  }
}

/** The operator has switched runs off (`RUNS=off`). */
function refusesRuns(error: unknown): boolean {
  return (
    error instanceof ContextCacheError && error.fields.some(({ path }) => path.at(-1) === 'onDisconnect')
  );
}
