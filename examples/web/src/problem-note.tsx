import type { ContextCacheError } from 'graphql-context-cache-client';
import { useEffect, useState } from 'react';
import { useSession } from './session/session';
import { useLanguage } from './words/language';

interface ProblemNoteProps {
  error: ContextCacheError;
  onRetry?: (() => void) | undefined;
  /** Leads to the start, to choose another prompt or context. */
  onChoose?: (() => void) | undefined;
}

/** Not retryable on their own account, but a person may decide to ask again. */
const ASKED_AGAIN = [
  'NETWORK_ERROR',
  'OUTCOME_UNKNOWN',
  'INTERNAL_SERVER_ERROR',
  'CANCELLED',
  'RUN_NOT_FOUND',
];

/** An error in the page's language, announced by screen readers, with the button that helps if there is one. */
export function ProblemNote({ error, onRetry, onChoose }: ProblemNoteProps) {
  const { words } = useLanguage();
  const { openAccess } = useSession();
  const { code, requestId } = error;
  return (
    <div className="problem" role="alert">
      <p>{words.problems[code] ?? words.problems.INTERNAL_SERVER_ERROR}</p>
      {code === 'BAD_USER_INPUT' && <Details error={error} />}
      {code === 'INTERNAL_SERVER_ERROR' && requestId && (
        <p className="hint">
          {words.requestId} {requestId}
        </p>
      )}
      {code === 'UNAUTHENTICATED' && (
        <button type="button" onClick={openAccess}>
          {words.openAccess}
        </button>
      )}
      {code === 'PROMPT_NOT_FOUND' && onChoose && (
        <button type="button" onClick={onChoose}>
          {words.chooseAnother}
        </button>
      )}
      {onRetry && (error.retryable || ASKED_AGAIN.includes(code)) && (
        <RetryButton key={String(error.retryAfter)} wait={error.retryAfter ?? 0} onRetry={onRetry} />
      )}
    </div>
  );
}

/** The server's own words, which are English. */
function Details({ error: { fields, message } }: { error: ContextCacheError }) {
  const lines = [message, ...fields.map(({ path, message }) => `${path.slice(1).join('.')} ${message}.`)];
  return (
    <ul className="hint" lang="en">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

/** Can be pressed once the time is over that the server asked to wait. */
function RetryButton({ wait, onRetry }: { wait: number; onRetry: () => void }) {
  const { words } = useLanguage();
  const [until] = useState(() => Date.now() + wait * 1_000);
  const [left, setLeft] = useState(wait);
  useEffect(() => {
    if (left <= 0) return;
    const timer = setInterval(() => setLeft(Math.ceil((until - Date.now()) / 1_000)), 250);
    return () => clearInterval(timer);
  }, [left, until]);
  return (
    <button type="button" aria-disabled={left > 0} onClick={() => left <= 0 && onRetry()}>
      {left > 0 ? words.retryIn(left) : words.retry}
    </button>
  );
}
