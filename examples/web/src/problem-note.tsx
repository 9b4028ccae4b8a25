import type { Problem } from './graphql/problem';
import { useLanguage } from './words/language';

/** An error message, announced by screen readers, with an action if there is one. */
export function ProblemNote({ problem, onRetry }: { problem: Problem; onRetry?: (() => void) | undefined }) {
  const { words } = useLanguage();
  const { code, message, retryable, retryAfter } = problem;
  return (
    <div className="problem" role="alert">
      <p>
        {words.problems[code] ?? words.problems.INTERNAL_SERVER_ERROR}
        {retryAfter != null && ` ${words.retryAfter(retryAfter)}`}
      </p>
      {message !== '' && (
        <p className="hint" lang="en">
          {message}
        </p>
      )}
      {retryable && onRetry && (
        <button type="button" onClick={onRetry}>
          {words.retry}
        </button>
      )}
    </div>
  );
}
