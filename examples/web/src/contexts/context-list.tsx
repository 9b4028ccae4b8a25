import { ProblemNote } from '../problems/problem-note';
import { useLanguage } from '../words/language';
import { Countdown } from './countdown';
import { ForgetButton } from './forget-button';
import type { Contexts, ContextTarget } from './use-contexts';

/** The caller's contexts: to chat with, and to forget. */
export function ContextList({
  contexts,
  onChoose,
}: {
  contexts: Contexts;
  onChoose: (context: ContextTarget) => void;
}) {
  const { words } = useLanguage();
  const { items, isLoading, problem, hasMore, loadMore, reload, forget } = contexts;
  return (
    <details className="contexts" open={items.length > 0}>
      <summary>{words.contexts}</summary>
      {/* The page itself asks for a credential. */}
      {problem && problem.code !== 'UNAUTHENTICATED' && <ProblemNote problem={problem} onRetry={reload} />}
      {items.length === 0 && !isLoading && !problem && <p className="hint">{words.noContexts}</p>}
      {isLoading && <p role="status">{words.loading}</p>}
      <ul aria-label={words.contexts}>
        {items.map(({ id, model, mode, expiresAt }) => (
          <li key={id}>
            <button
              type="button"
              onClick={() => onChoose({ id, model, mode: mode ?? null, ttl: null, persona: null })}
            >
              <strong>{id}</strong>
              <small>
                {mode && words.modes[mode].name} · <Countdown until={expiresAt} />
              </small>
            </button>
            <ForgetButton name={id} onForget={() => forget(id)} />
          </li>
        ))}
      </ul>
      {hasMore && (
        <button type="button" onClick={loadMore}>
          {words.loadMore}
        </button>
      )}
    </details>
  );
}
