import type { ChatStreamSubscription, ContextMode, FinishReason, MessageInput } from '../graphql/generated';
import type { Problem } from '../graphql/problem';

type Event = ChatStreamSubscription['chatStream'];
export type Usage = NonNullable<Extract<Event, { __typename: 'ChatDone' }>['usage']>;

/** A question and its answer so far. */
export interface Turn {
  id: number;
  question: string;
  answer: string;
  reasoning: string;
  state: 'streaming' | 'done' | 'stopped' | 'failed';
  finishReason?: FinishReason;
  /** null: the gateway did not report it. */
  usage?: Usage | null;
  /** The error, if `state` is `failed`. */
  problem?: Problem;
  /** The run at the server, and the number of its last delta that came; undefined: the answer ends with its connection. */
  run?: { id: string; seq: number };
}

/** The turns of each conversation, by context id. */
export type Conversations = Readonly<Record<string, readonly Turn[]>>;

export type Step =
  | { kind: 'asked'; contextId: string; question: string }
  | { kind: 'event'; contextId: string; event: Event }
  | { kind: 'failed'; contextId: string; problem: Problem }
  | { kind: 'stopped'; contextId: string };

/** Applies a step to a conversation. The text received so far is kept, however the answer ends. */
export function advance(conversations: Conversations, step: Step): Conversations {
  const turns = conversations[step.contextId] ?? [];
  return { ...conversations, [step.contextId]: advanceTurns(turns, step) };
}

function advanceTurns(turns: readonly Turn[], step: Step): readonly Turn[] {
  if (step.kind === 'asked') {
    const turn: Turn = {
      id: turns.length,
      question: step.question,
      answer: '',
      reasoning: '',
      state: 'streaming',
    };
    return [...turns, turn];
  }
  const last = turns.at(-1);
  if (last?.state !== 'streaming') return turns;
  return [...turns.slice(0, -1), { ...last, ...changeOf(last, step) }];
}

function changeOf(turn: Turn, step: Exclude<Step, { kind: 'asked' }>): Partial<Turn> {
  if (step.kind === 'stopped') return { state: 'stopped' };
  if (step.kind === 'failed') return { state: 'failed', problem: step.problem };
  const { event } = step;
  switch (event.__typename) {
    case 'ChatStarted':
      return { run: { id: event.runId, seq: 0 } };
    case 'ChatDelta':
      return {
        ...(turn.run && { run: { ...turn.run, seq: event.seq ?? turn.run.seq } }),
        answer: turn.answer + (event.content ?? ''),
        reasoning: turn.reasoning + (event.reasoningContent ?? ''),
        ...(event.finishReason && { finishReason: event.finishReason }),
      };
    case 'ChatDone':
      return { state: 'done', usage: event.usage ?? null };
    case 'ChatFailure':
      return { state: 'failed', problem: event };
  }
}

/** A session remembers the history; a prefix does not, so it is sent with every question. */
export function messagesFor(
  mode: ContextMode | null | undefined,
  turns: readonly Turn[],
  question: string,
): MessageInput[] {
  const told =
    mode === 'COMMON_PREFIX' ? turns.filter(({ state, answer }) => state !== 'failed' && answer !== '') : [];
  const history = told.flatMap((turn): MessageInput[] => [
    { role: 'USER', content: turn.question },
    { role: 'ASSISTANT', content: turn.answer },
  ]);
  return [...history, { role: 'USER', content: question }];
}
