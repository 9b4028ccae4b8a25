import { useEffect, useReducer, useRef } from 'react';
import { type CombinedError, useClient } from 'urql';
import type { Context } from '../contexts/use-contexts';
import {
  ChatStreamDocument,
  type OnDisconnect,
  ResumeChatDocument,
  StopChatDocument,
} from '../graphql/generated';
import { CONNECTION_LOST, refusesRuns, toProblem } from '../graphql/problem';
import { keep, readKept } from '../kept';
import { advance, type Conversations, messagesFor, type Step, type Turn } from './conversation';

const NAME = 'conversations';
const NONE: Conversations = {};
const NO_TURNS: readonly Turn[] = [];

type Event = Extract<Step, { kind: 'event' }>['event'];
interface Result {
  error?: CombinedError | undefined;
  hasNext: boolean;
}

/** The conversations of this tab, which survive a reload if `isKept`. `onUsed` is called with the updated context after an answer. */
export function useConversations(isKept: boolean, onUsed: (context: Context) => void) {
  const client = useClient();
  const [conversations, dispatch] = useReducer(advance, NONE, (none: Conversations) =>
    readKept(NAME, none, isKept),
  );
  const stops = useRef(new Map<string, () => void>());
  useEffect(() => {
    if (isKept) keep(NAME, conversations === NONE ? undefined : conversations);
  }, [conversations, isKept]);
  // Once: what was streaming when the page was loaded.
  useEffect(() => {
    for (const [contextId, turns] of Object.entries(conversations)) resume(contextId, turns.at(-1));
    const open = stops.current;
    return () => {
      for (const stop of open.values()) stop();
      open.clear();
    };
  }, []);

  const turnsOf = (contextId: string) => conversations[contextId] ?? NO_TURNS;

  function take(contextId: string, event: Event | undefined, { error, hasNext }: Result) {
    if (error) dispatch({ kind: 'failed', contextId, problem: toProblem(error) });
    // urql repeats the last event when the stream ends; a completed turn ignores it.
    else if (!hasNext) dispatch({ kind: 'failed', contextId, problem: CONNECTION_LOST });
    else if (event) dispatch({ kind: 'event', contextId, event });
    if (event?.__typename === 'ChatDone' && event.context) onUsed(event.context);
  }

  function ask({ id: contextId, mode }: Context, question: string) {
    const messages = messagesFor(mode, turnsOf(contextId), question);
    dispatch({ kind: 'asked', contextId, question });
    open('CONTINUE');

    function open(onDisconnect: OnDisconnect) {
      const input = { contextId, messages, onDisconnect };
      const { unsubscribe } = client.subscription(ChatStreamDocument, { input }).subscribe((result) => {
        if (result.error && onDisconnect === 'CONTINUE' && refusesRuns(result.error)) open('CANCEL');
        else take(contextId, result.data?.chatStream, result);
      });
      stops.current.set(contextId, unsubscribe);
    }
  }

  /** Goes on with an answer that was coming when the page was reloaded. */
  function resume(contextId: string, turn: Turn | undefined) {
    if (turn?.state !== 'streaming') return;
    if (!turn.run) {
      dispatch({ kind: 'failed', contextId, problem: CONNECTION_LOST });
      return;
    }
    const { id: runId, seq: after } = turn.run;
    const { unsubscribe } = client
      .subscription(ResumeChatDocument, { runId, after })
      .subscribe((result) => take(contextId, result.data?.resumeChat, result));
    stops.current.set(contextId, unsubscribe);
  }

  function stop(contextId: string) {
    stops.current.get(contextId)?.();
    stops.current.delete(contextId);
    const turn = turnsOf(contextId).at(-1);
    // Leaving would not end a run.
    if (turn?.state === 'streaming' && turn.run)
      void client.mutation(StopChatDocument, { runId: turn.run.id }).toPromise();
    dispatch({ kind: 'stopped', contextId });
  }

  return { turnsOf, ask, stop };
}
