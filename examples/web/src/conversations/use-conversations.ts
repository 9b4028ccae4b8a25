import { useEffect, useRef } from 'react';
import { useSession } from '../session/session';
import { readStored, writeStored } from '../session/storage';
import { useStored } from '../session/use-stored';
import {
  type Conversation,
  draftKey,
  isSameTarget,
  messagesKey,
  newId,
  type Target,
  titleFor,
} from './conversation';

const NONE: readonly Conversation[] = [];

export type Conversations = ReturnType<typeof useConversations>;

/** The conversations of this tab, the one with the newest question first, and which of them is open. */
export function useConversations() {
  const { storage } = useSession();
  const [items, setItems] = useStored('conversations', NONE);
  const [openId, setOpenId] = useStored<string | null>('open', null);
  const purgeLater = usePurge();
  const isUsed = ({ id, title }: Conversation) =>
    title !== '' || readStored(storage, draftKey(id), '') !== '';

  /** `draft`: a question to begin with. */
  function start(target: Target, draft?: string) {
    const id = newId();
    if (draft) writeStored(storage, draftKey(id), draft);
    setItems((known) => [{ id, title: '', target }, ...known.filter(isUsed)]);
    setOpenId(id);
  }
  return {
    /** Those that hold something, and the open one. */
    items: items.filter((conversation) => conversation.id === openId || isUsed(conversation)),
    opened: items.find(({ id }) => id === openId),
    open: setOpenId,
    start,
    /** Opens the latest conversation with it, or starts the first. */
    startOrOpen(target: Target) {
      const known = items.find((conversation) => isSameTarget(conversation.target, target));
      if (known) setOpenId(known.id);
      else start(target);
    },
    asked(id: string, question: string) {
      setItems((known) => {
        const asked = known.find((conversation) => conversation.id === id);
        if (!asked) return known;
        const titled = { ...asked, title: asked.title || titleFor(question) };
        return [titled, ...known.filter((conversation) => conversation !== asked)];
      });
    },
    /** Goes on with another context. */
    moveTo(id: string, target: Target) {
      setItems((known) =>
        known.map((conversation) => (conversation.id === id ? { ...conversation, target } : conversation)),
      );
    },
    remove(id: string) {
      purgeLater(id);
      setItems((known) => known.filter((conversation) => conversation.id !== id));
      if (id === openId) setOpenId(null);
    },
  };
}

/** Forgets what is stored of a conversation, after its view, which stores it as it goes, has gone. */
function usePurge() {
  const { client, storage } = useSession();
  const removed = useRef<string[]>([]);
  useEffect(() => {
    for (const id of removed.current.splice(0)) {
      const messages = readStored<{ run?: { id?: string } }[]>(storage, messagesKey(id), []);
      const runId = messages.at(-1)?.run?.id;
      // If this fails, the server ends the run, because nobody watches it.
      if (runId !== undefined) client.stop(runId).catch(() => {});
      writeStored(storage, messagesKey(id), undefined);
      writeStored(storage, draftKey(id), undefined);
    }
  });
  return (id: string) => removed.current.push(id);
}
