import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { isComposing } from '../composing';
import { useLanguage } from '../words/language';

interface QuestionViewProps {
  question: string;
  /** Absent where a question cannot be taken back. */
  onEdit: ((question: string) => void) | undefined;
}

export function QuestionView({ question, onEdit }: QuestionViewProps) {
  const { words } = useLanguage();
  const [isEdited, setEdited] = useState(false);
  const editButton = useRef<HTMLButtonElement>(null);
  const wasEdited = useRef(false);
  useEffect(() => {
    if (wasEdited.current && !isEdited) editButton.current?.focus();
    wasEdited.current = isEdited;
  }, [isEdited]);
  if (isEdited && onEdit)
    return <EditForm question={question} onSave={onEdit} onCancel={() => setEdited(false)} />;
  return (
    <>
      <article className="question" aria-label={words.you}>
        {question}
      </article>
      {onEdit && (
        <p className="actions asked">
          <button type="button" className="quiet" ref={editButton} onClick={() => setEdited(true)}>
            {words.edit}
          </button>
        </p>
      )}
    </>
  );
}

interface EditFormProps {
  question: string;
  onSave: (question: string) => void;
  onCancel: () => void;
}

function EditForm({ question, onSave, onCancel }: EditFormProps) {
  const { words } = useLanguage();
  const [text, setText] = useState(question);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  function save() {
    if (text.trim() !== '') onSave(text.trim());
  }
  function onKeyDown(event: KeyboardEvent) {
    if (isComposing(event.nativeEvent)) return;
    if (event.key === 'Escape') onCancel();
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    save();
  }
  return (
    <div className="edit">
      <textarea
        ref={field}
        rows={2}
        aria-label={words.editQuestion}
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={onKeyDown}
      />
      <p className="hint">{words.editHint}</p>
      <p className="actions">
        <button type="button" className="primary" aria-disabled={text.trim() === ''} onClick={save}>
          {words.askAgain}
        </button>
        <button type="button" onClick={onCancel}>
          {words.cancel}
        </button>
      </p>
    </div>
  );
}
