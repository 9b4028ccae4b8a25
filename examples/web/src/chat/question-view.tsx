import { type FormEvent, useState } from 'react';
import { useLanguage } from '../words/language';

interface QuestionViewProps {
  content: string;
  /** Absent if the question cannot be taken back. */
  onEdit: ((content: string) => void) | undefined;
}

export function QuestionView({ content, onEdit }: QuestionViewProps) {
  const { words } = useLanguage();
  const [draft, setDraft] = useState<string>();
  function save(event: FormEvent) {
    event.preventDefault();
    if (!draft?.trim()) return;
    onEdit?.(draft.trim());
    setDraft(undefined);
  }
  if (draft !== undefined && onEdit) {
    return (
      <form
        className="edit"
        onSubmit={save}
        onKeyDown={({ key, nativeEvent }) =>
          key === 'Escape' && !nativeEvent.isComposing && setDraft(undefined)
        }
      >
        <textarea
          ref={(field) => field?.focus()}
          aria-label={words.editQuestion}
          rows={3}
          value={draft}
          onChange={({ target }) => setDraft(target.value)}
        />
        <button type="submit" className="small primary" disabled={draft.trim() === ''}>
          {words.askAnew}
        </button>
        <button type="button" className="small" onClick={() => setDraft(undefined)}>
          {words.cancel}
        </button>
      </form>
    );
  }
  return (
    <>
      <article className="question" aria-label={words.you}>
        {content}
      </article>
      {onEdit && (
        <div className="actions end">
          <button type="button" className="small" onClick={() => setDraft(content)}>
            {words.edit}
          </button>
        </div>
      )}
    </>
  );
}
