import { useEffect, useReducer, useRef } from 'react';
import { useClient } from 'urql';
import type { Context } from '../contexts/use-contexts';
import { ChatStreamDocument } from '../graphql/generated';
import { CONNECTION_LOST, toProblem } from '../graphql/problem';
import { advance, messagesFor, type Turn } from './conversation';

const NO_TURNS: readonly Turn[] = [];

/** The conversations of this page. `onUsed` is called with the updated context after an answer. */
export function useConversations(onUsed: (context: Context) => void) {
  const client = useClient();
  const [conversations, dispatch] = useReducer(advance, {});
  const stops = useRef(new Map<string, () => void>());
  useEffect(() => {
    const open = stops.current;
    return () => {
      for (const stop of open.values()) stop();
      open.clear();
    };
  }, []);

  const turnsOf = (contextId: string) => conversations[contextId] ?? NO_TURNS;

  function ask({ id: contextId, mode }: Context, question: string) {
    const input = { contextId, messages: messagesFor(mode, turnsOf(contextId), question) };
    dispatch({ kind: 'asked', contextId, question });
    const { unsubscribe } = client.subscription(ChatStreamDocument, { input }).subscribe((result) => {
      const event = result.data?.chatStream;
      if (result.error) dispatch({ kind: 'failed', contextId, problem: toProblem(result.error) });
      // urql repeats the last event when the stream ends; a completed turn ignores it.
      else if (!result.hasNext) dispatch({ kind: 'failed', contextId, problem: CONNECTION_LOST });
      else if (event) dispatch({ kind: 'event', contextId, event });
      if (event?.__typename === 'ChatDone' && event.context) onUsed(event.context);
    });
    stops.current.set(contextId, unsubscribe);
  }

  function stop(contextId: string) {
    stops.current.get(contextId)?.();
    stops.current.delete(contextId);
    dispatch({ kind: 'stopped', contextId });
  }

  return { turnsOf, ask, stop };
}
