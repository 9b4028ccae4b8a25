import { useState } from 'react';
import { draftKey } from '../conversations/conversation';
import { useSession } from '../session/session';
import { readStored, writeStored } from '../session/storage';

/** The question that is being written, which survives a reload and a look at another conversation. */
export function useDraft(id: string) {
  const { storage } = useSession();
  const [draft, setDraft] = useState(() => readStored(storage, draftKey(id), ''));
  function write(text: string) {
    setDraft(text);
    writeStored(storage, draftKey(id), text === '' ? undefined : text);
  }
  return [draft, write] as const;
}
