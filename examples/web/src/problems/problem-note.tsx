import type { ReactNode } from 'react';
import { askForCredential } from '../access/access';
import { useLanguage } from '../words/language';
import type { Problem } from './problem';

interface ProblemNoteProps {
  problem: Problem;
  onRetry?: (() => void) | undefined;
  /** A button that helps with this error, in place of a retry. */
  children?: ReactNode;
}

/** What went wrong, announced by screen readers, with the button that helps. */
export function ProblemNote({ problem, onRetry, children }: ProblemNoteProps) {
  const { words } = useLanguage();
  const { code, fields, retryable, retryAfter } = problem;
  const needsCredential = code === 'UNAUTHENTICATED';
  return (
    <div className="problem" role="alert">
      <p>
        {words.problems[code]}
        {retryAfter !== undefined && ` ${words.retryAfter(retryAfter)}`}
      </p>
      {fields.map((field) => (
        <p key={field} className="hint" lang="en">
          {field}
        </p>
      ))}
      {needsCredential && (
        <button type="button" onClick={askForCredential}>
          {words.access}
        </button>
      )}
      {children ||
        (retryable && onRetry && (
          <button type="button" onClick={onRetry}>
            {words.retry}
          </button>
        ))}
    </div>
  );
}
