import type { ContextCacheError } from 'graphql-context-cache-client';
import { useRef, useState } from 'react';
import { ConfirmButton } from '../confirm-button';
import { ProblemNote } from '../problem-note';
import { toError } from '../session/use-load';
import { useLanguage } from '../words/language';
import { Countdown } from './countdown';
import type { Context, Contexts } from './use-contexts';

interface ContextListProps {
  contexts: Contexts;
  openedId: string | undefined;
  onOpen: (context: Context) => void;
}

/** Contexts live longer than conversations: each can be chatted with, or forgotten. */
export function ContextList({ contexts, openedId, onOpen }: ContextListProps) {
  const { words } = useLanguage();
  const { items, isLoading, hasMore, loadMore, forget } = contexts;
  const [error, setError] = useState<ContextCacheError>();
  const summary = useRef<HTMLElement>(null);
  async function forgetOne(id: string) {
    setError(undefined);
    try {
      await forget(id);
      // The focused button disappears.
      summary.current?.focus();
    } catch (thrown) {
      setError(toError(thrown));
    }
  }
  return (
    <details className="contexts">
      <summary ref={summary}>{words.contexts(items.length, hasMore)}</summary>
      {error && <ProblemNote error={error} />}
      {items.length === 0 && !isLoading && <p className="hint">{words.noContexts}</p>}
      <ul aria-label={words.contextList}>
        {items.map((context) => (
          <li key={context.id}>
            <button
              type="button"
              className="row"
              aria-current={context.id === openedId}
              onClick={() => onOpen(context)}
            >
              <strong>{nameOf(context.id, contexts)}</strong>
              <small>
                {context.mode && words.modes[context.mode].name} · <Countdown until={context.expiresAt} />
              </small>
            </button>
            <ConfirmButton
              name={words.forget}
              question={words.forgetSurely}
              about={nameOf(context.id, contexts)}
              onConfirm={() => void forgetOne(context.id)}
            />
          </li>
        ))}
      </ul>
      {isLoading && <p role="status">{words.loading}</p>}
      {hasMore && (
        <button type="button" onClick={() => !isLoading && loadMore()}>
          {words.loadMore}
        </button>
      )}
    </details>
  );
}

/** The first line of the persona is more readable than an id. */
export function nameOf(id: string, { recipeOf }: Contexts): string {
  return recipeOf(id)?.persona.trim().split('\n', 1)[0] || id;
}
