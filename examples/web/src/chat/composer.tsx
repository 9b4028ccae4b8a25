import { type KeyboardEvent, useEffect, useRef } from 'react';
import { isComposing } from '../composing';
import { useEscape } from '../escape';
import { useLanguage } from '../words/language';
import { useDraft } from './use-draft';

interface ComposerProps {
  /** Of the conversation, whose draft it holds. */
  id: string;
  isStreaming: boolean;
  onSend: (question: string) => void;
  onStop: () => void;
}

/** Enter sends, Shift+Enter inserts a line break, Escape stops the answer. */
export function Composer({ id, isStreaming, onSend, onStop }: ComposerProps) {
  const { words } = useLanguage();
  const [question, setQuestion] = useDraft(id);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  useEscape(isStreaming, onStop, ':popover-open, .menu-shown');
  const isEmpty = question.trim() === '';

  function send() {
    if (isStreaming || isEmpty) return;
    setQuestion('');
    onSend(question.trim());
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== 'Enter' || event.shiftKey || isComposing(event.nativeEvent)) return;
    event.preventDefault();
    send();
  }
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label className="for-ears" htmlFor="question">
        {words.question}
      </label>
      <textarea
        id="question"
        ref={field}
        rows={1}
        value={question}
        placeholder={words.question}
        aria-describedby="keys"
        onChange={({ target }) => setQuestion(target.value)}
        onKeyDown={onKeyDown}
      />
      {isStreaming ? (
        <button
          key="stop"
          type="button"
          className="stop"
          onClick={() => {
            onStop();
            // The button disappears.
            field.current?.focus();
          }}
        >
          {words.stop}
        </button>
      ) : (
        <button key="send" type="submit" className="primary" aria-disabled={isEmpty}>
          {words.send}
        </button>
      )}
      <p id="keys" className="hint">
        {words.keys}
      </p>
    </form>
  );
}
