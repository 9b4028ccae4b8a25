import { useState } from 'react';

interface ConfirmButtonProps {
  name: string;
  question: string;
  /** What it is about, for those who do not see the row. */
  about: string;
  onConfirm: () => void;
}

/** Asks for confirmation in place; Escape or leaving it takes the question back. */
export function ConfirmButton({ name, question, about, onConfirm }: ConfirmButtonProps) {
  const [isAsking, setAsking] = useState(false);
  const text = isAsking ? question : name;
  return (
    <button
      type="button"
      className={isAsking ? 'quiet danger' : 'quiet'}
      aria-label={`${text} ${about}`}
      onClick={() => {
        setAsking(!isAsking);
        if (isAsking) onConfirm();
      }}
      onBlur={() => setAsking(false)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !isAsking) return;
        event.stopPropagation();
        setAsking(false);
      }}
    >
      {text}
    </button>
  );
}
