import { useLanguage } from '../words/language';
import type { Conversation, Target } from './use-conversations';

interface ConversationListProps {
  items: readonly Conversation[];
  chosenId: string | undefined;
  onChoose: (id: string) => void;
  onRemove: (id: string) => void;
}

export function ConversationList({ items, chosenId, onChoose, onRemove }: ConversationListProps) {
  const { words } = useLanguage();
  if (items.length === 0) return null;
  return (
    <section aria-labelledby="conversations-title">
      <h2 id="conversations-title">{words.conversations}</h2>
      <ul>
        {items.map(({ id, title, target }) => (
          <li key={id}>
            <button type="button" aria-current={id === chosenId} onClick={() => onChoose(id)}>
              <strong>{title || words.newChat}</strong>
              <small>{nameOf(target)}</small>
            </button>
            <button
              type="button"
              className="remove"
              aria-label={words.removeChat(title || words.newChat)}
              onClick={() => onRemove(id)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The title of a prompt, or the first line of a persona, which is more readable than an id. */
export function nameOf({ prompt, context }: Target): string {
  if (prompt) return prompt.title;
  return context.persona?.trim().split('\n', 1)[0] || context.id;
}
