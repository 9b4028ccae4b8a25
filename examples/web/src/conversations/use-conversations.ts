import { useCallback } from 'react';
import { useKept, useSession } from '../access/session';
import type { ContextTarget } from '../contexts/use-contexts';

/** What a conversation is with: one of the operator's prompts, or a context. */
export type Target =
  | { prompt: { name: string; title: string }; context?: undefined }
  | { context: ContextTarget; prompt?: undefined };

export interface Conversation {
  id: string;
  /** The beginning of the first question; empty before it. */
  title: string;
  target: Target;
}

/** The oldest are dropped beyond so many. */
const MOST = 50;

/** The conversations of this tab, newest first. Their messages are in the storage under their ids. */
export function useConversations() {
  const { storage } = useSession();
  const [items, setItems] = useKept<Conversation[]>('conversations', []);

  const forget = useCallback(
    (id: string) => {
      storage.removeItem(`context-chat:${id}`);
      storage.removeItem(`draft:${id}`);
    },
    [storage],
  );
  return {
    items,
    start(target: Target): string {
      const id = `${Date.now()}-${Math.random()}`;
      for (const dropped of items.slice(MOST - 1)) forget(dropped.id);
      setItems([{ id, title: '', target }, ...items.slice(0, MOST - 1)]);
      return id;
    },
    update(id: string, change: Partial<Pick<Conversation, 'title' | 'target'>>): void {
      setItems((known) => known.map((one) => (one.id === id ? { ...one, ...change } : one)));
    },
    remove(id: string): void {
      forget(id);
      setItems((known) => known.filter((one) => one.id !== id));
    },
  };
}
