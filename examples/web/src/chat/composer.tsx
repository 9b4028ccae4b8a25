import { type KeyboardEvent, useEffect, useRef } from 'react';
import { useKept } from '../access/session';
import { useLanguage } from '../words/language';

interface ComposerProps {
  /** Of the conversation, whose draft is kept. */
  id: string;
  isStreaming: boolean;
  onSend: (question: string) => void;
  onStop: () => void;
}

/** Enter sends, Shift+Enter inserts a line break, Escape stops the answer. */
export function Composer({ id, isStreaming, onSend, onStop }: ComposerProps) {
  const { words } = useLanguage();
  const [question, setQuestion] = useKept(`draft:${id}`, '');
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  useEscape(isStreaming, onStop);

  function send() {
    if (isStreaming || question.trim() === '') return;
    onSend(question.trim());
    setQuestion('');
  }
  function onKeyDown(event: KeyboardEvent) {
    // While an input method is composing (Chinese), Enter accepts its suggestion.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
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
          type="button"
          className="stop"
          onClick={() => {
            onStop();
            // The button becomes disabled and would lose the focus.
            field.current?.focus();
          }}
        >
          {words.stop}
        </button>
      ) : (
        <button type="submit" className="primary" disabled={question.trim() === ''}>
          {words.send}
        </button>
      )}
      <p id="keys" className="hint">
        {words.keys}
      </p>
    </form>
  );
}

function useEscape(isOn: boolean, act: () => void) {
  useEffect(() => {
    if (!isOn) return;
    const onKeyDown = ({ key, isComposing }: globalThis.KeyboardEvent) =>
      key === 'Escape' && !isComposing && act();
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [isOn, act]);
}
