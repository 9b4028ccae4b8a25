import { ProblemNote } from '../problem-note';
import { useLanguage } from '../words/language';
import { Countdown } from './countdown';
import type { Context, Contexts } from './use-contexts';

interface ContextListProps {
  contexts: Contexts;
  chosenId: string | undefined;
  onChoose: (id: string | undefined) => void;
}

export function ContextList({ contexts, chosenId, onChoose }: ContextListProps) {
  const { words } = useLanguage();
  const { items, isLoading, problem, hasMore, loadMore } = contexts;
  return (
    <nav id="contexts" aria-label={words.contexts}>
      <button
        type="button"
        className="primary"
        aria-current={chosenId === undefined}
        onClick={() => onChoose(undefined)}
      >
        {words.newContext}
      </button>
      <h2>{words.contexts}</h2>
      {problem && <ProblemNote problem={problem} onRetry={loadMore} />}
      {items.length === 0 && !isLoading && !problem && <p className="hint">{words.noContexts}</p>}
      <ul>
        {items.map((context) => (
          <li key={context.id}>
            <button type="button" aria-current={context.id === chosenId} onClick={() => onChoose(context.id)}>
              <strong>{titleOf(context)}</strong>
              <small>
                {context.mode && words.modes[context.mode].name} · <Countdown until={context.expiresAt} />
              </small>
            </button>
          </li>
        ))}
      </ul>
      {isLoading && <p role="status">{words.loading}</p>}
      {hasMore && !isLoading && !problem && (
        <button type="button" onClick={loadMore}>
          {words.loadMore}
        </button>
      )}
    </nav>
  );
}

/** The first line of the persona is more readable than an id. */
export function titleOf({ persona, id }: Context): string {
  return persona?.trim().split('\n', 1)[0] || id;
}
