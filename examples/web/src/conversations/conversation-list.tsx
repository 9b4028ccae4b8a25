import { useRef } from 'react';
import { ConfirmButton } from '../confirm-button';
import { useLanguage } from '../words/language';
import type { Conversations } from './use-conversations';

interface ConversationListProps {
  conversations: Conversations;
  onOpen: (id: string | null) => void;
}

export function ConversationList({ conversations, onOpen }: ConversationListProps) {
  const { words } = useLanguage();
  const { items, opened, remove } = conversations;
  const start = useRef<HTMLButtonElement>(null);
  return (
    <>
      <button
        type="button"
        className="primary"
        ref={start}
        aria-current={opened === undefined}
        onClick={() => onOpen(null)}
      >
        {words.newChat}
      </button>
      <h2 id="conversations">{words.conversations}</h2>
      {items.length === 0 && <p className="hint">{words.noConversations}</p>}
      <ul aria-labelledby="conversations">
        {items.map(({ id, title, target }) => (
          <li key={id}>
            <button type="button" className="row" aria-current={id === opened?.id} onClick={() => onOpen(id)}>
              <strong>{title || words.untitled}</strong>
              <small>{target.prompt === undefined ? target.model : target.title}</small>
            </button>
            <ConfirmButton
              name={words.remove}
              question={words.removeSurely}
              about={title || words.untitled}
              onConfirm={() => {
                remove(id);
                // The focused button disappears.
                start.current?.focus();
              }}
            />
          </li>
        ))}
      </ul>
    </>
  );
}
