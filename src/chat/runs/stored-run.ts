import type { Contexts } from '../../contexts/contexts.js';
import type { ContextCache } from '../../contexts/types.js';
import { ErrorCode } from '../../errors.js';
import { MessageRole } from '../../gateway/types.js';
import type { RequestContext } from '../../request-context.js';
import type { StoredRun } from '../../store/runs.js';
import { toFailure } from '../chats.js';
import type { ChatDone, ChatFailure } from '../types.js';
import { interrupted, type RunState, type StoredEnd, withTurn } from './run.js';
import type { RunLog } from './run-log.js';
import { type ChatRun, ChatRunStatus } from './types.js';

/** Names the lease that a process holds while it has runs. */
export function leaseOf(holder: string): string {
  return `runs:${holder}`;
}

export function stateOf({ data }: StoredRun): RunState {
  return JSON.parse(data) as RunState;
}

/** The state of a run whose process has ended. */
export function asInterrupted(state: RunState): RunState {
  const failure = withTurn(toFailure(interrupted()), state.keepsHistory);
  return { ...state, status: ChatRunStatus.INTERRUPTED, end: { done: false, ...failure } };
}

export async function toChatRun(
  run: Pick<StoredRun, 'id' | 'startedAt'>,
  state: RunState,
  log: RunLog,
  context: ContextCache | null,
): Promise<ChatRun> {
  const { status, model, prompt, endedAt, usage, end } = state;
  return {
    id: run.id,
    status,
    model,
    context,
    prompt,
    startedAt: new Date(run.startedAt),
    endedAt: endedAt === null ? null : new Date(endedAt),
    choices: log.choices(MessageRole.ASSISTANT),
    usage,
    failure: end && !end.done ? toChatFailure(end) : null,
  };
}

export function toEvent(end: StoredEnd, context: ContextCache | null): ChatDone | ChatFailure {
  if (!end.done) return toChatFailure(end);
  const { done: _, created, ...head } = end;
  return { ...head, created: new Date(created), context };
}

/** The caller's context as it stands now; null if it is gone or unknown. */
export async function contextOf(
  { contextId }: RunState,
  contexts: Contexts,
  request: RequestContext,
): Promise<ContextCache | null> {
  if (contextId === null) return null;
  return contexts.find(contextId, request).catch((error) => {
    if (error.code === ErrorCode.CONTEXT_NOT_FOUND) return null;
    throw error;
  });
}

function toChatFailure({ done: _, ...failure }: StoredEnd & { done: false }): ChatFailure {
  return failure;
}
