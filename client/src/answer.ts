import { ContextCacheError, connectionLost } from './errors.js';
import type { ChatStreamSubscription } from './operations.js';
import { dataOf, type GraphQLResult } from './results.js';
import { delay } from './waiting.js';

type StreamEvent = ChatStreamSubscription['chatStream'];

/** An event of an answer. A `ChatFailure` is thrown as a `ContextCacheError` instead. */
export type AnswerEvent = Exclude<StreamEvent, { __typename: 'ChatFailure' }>;
export type ChatStarted = Extract<StreamEvent, { __typename: 'ChatStarted' }>;
export type ChatDelta = Extract<StreamEvent, { __typename: 'ChatDelta' }>;
export type ChatDone = Extract<StreamEvent, { __typename: 'ChatDone' }>;

/** A position in a run: after the delta `seq`; 0 is the beginning. */
export interface RunPosition {
  runId: string;
  seq: number;
}

/** The events of one answer, to be read once: by iterating, or with `text()`. Leaving the iteration closes the stream. */
export class Answer implements AsyncIterable<AnswerEvent> {
  constructor(private readonly events: AsyncGenerator<AnswerEvent>) {}

  [Symbol.asyncIterator](): AsyncGenerator<AnswerEvent> {
    return this.events;
  }

  /** The text of the first choice, once it is complete. */
  async text(): Promise<string> {
    let text = '';
    for await (const event of this.events) {
      if (event.__typename === 'ChatDelta' && event.index === 0) text += event.content ?? '';
    }
    return text;
  }
}

/** Milliseconds to wait before each attempt to resume: about a minute in all. */
const PAUSES_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000, 8_000, 8_000];

export interface Source {
  /** Starts the answer; calling it again joins its run. Absent to watch an existing run. */
  ask: (() => AsyncIterable<GraphQLResult>) | undefined;
  /** Absent if the answer ends with its connection. */
  resume: ((position: RunPosition) => AsyncIterable<GraphQLResult>) | undefined;
  position?: RunPosition;
}

/** Reads an answer to its end; resumes after a lost connection where the run goes on. */
export async function* readAnswer(source: Source, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
  let { position } = source;
  let hasFailed = false;
  for (let pauses = 0; ; pauses++) {
    try {
      const results = position && source.resume ? source.resume(position) : source.ask?.();
      for await (const result of results ?? []) {
        const event = eventOf(result);
        pauses = 0;
        if (event.__typename === 'ChatFailure') {
          hasFailed = true;
          throw new ContextCacheError(event.message, event);
        }
        if (event.__typename === 'ChatStarted') {
          // A resumed stream starts again.
          if (position?.runId === event.runId) continue;
          position = { runId: event.runId, seq: 0 };
        }
        if (event.__typename === 'ChatDelta' && position) position.seq = event.seq ?? position.seq;
        yield event;
        if (event.__typename === 'ChatDone') return;
      }
      // The server always sends a last event.
      throw connectionLost();
    } catch (error) {
      const pause = PAUSES_MS[pauses];
      const mayResume = source.resume && !hasFailed && isLoss(error);
      if (signal.aborted || !mayResume || pause === undefined) throw error;
      await delay(pause * (0.75 + Math.random() / 2), signal);
    }
  }
}

/** No connection, or a server that is shutting down: another one takes its place. */
function isLoss(error: unknown): boolean {
  if (!(error instanceof ContextCacheError) || !error.retryable) return false;
  return error.code === 'NETWORK_ERROR' || error.code === 'INTERNAL_SERVER_ERROR';
}

function eventOf(result: GraphQLResult): StreamEvent {
  const [event] = Object.values(dataOf(result) as Record<string, StreamEvent>);
  if (!event) throw connectionLost();
  return event;
}
