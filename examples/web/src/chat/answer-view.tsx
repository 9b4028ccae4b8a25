import type { ChatMessage } from 'graphql-context-cache-client/react';
import type { ReactNode } from 'react';
import { CacheBar } from '../cache-bar';
import { Cost } from '../cost';
import { useLanguage } from '../words/language';
import { CopyButton } from './copy-button';
import { Markdown } from './markdown';

interface AnswerViewProps {
  answer: ChatMessage;
  /** Absent if the question is not to be asked again. */
  onAgain: (() => void) | undefined;
  /** Whether a new answer takes the place of this one. */
  isReplaced: boolean;
  /** What went wrong, if this is the last answer. */
  children: ReactNode;
}

export function AnswerView({ answer, onAgain, isReplaced, children }: AnswerViewProps) {
  const { words } = useLanguage();
  const { content, reasoning, state, finishReason, error } = answer;
  return (
    <article className="answer" aria-label={words.model} aria-busy={state === 'streaming'}>
      {reasoning && (
        <details>
          <summary>{words.reasoning}</summary>
          <p>{reasoning}</p>
        </details>
      )}
      {content !== '' && <Markdown text={content} />}
      {state === 'streaming' && <span className="writing" aria-hidden="true" />}
      {state === 'stopped' && <p className="hint">{words.stopped}</p>}
      {finishReason === 'LENGTH' && <p className="hint">{words.cutAtLength}</p>}
      {finishReason === 'CONTENT_FILTER' && <p className="hint">{words.cutByFilter}</p>}
      {error && !children && <p className="hint">{words.problems[error.code]}</p>}
      {children}
      {state === 'complete' && <UsageView answer={answer} />}
      {state !== 'streaming' && (
        <div className="actions">
          {content !== '' && <CopyButton label={words.copy} text={() => content} />}
          {onAgain && (
            <button type="button" className="small" onClick={onAgain}>
              {isReplaced && state === 'complete' ? words.regenerate : words.askAgain}
            </button>
          )}
        </div>
      )}
    </article>
  );
}

function UsageView({ answer: { usage, cache } }: { answer: ChatMessage }) {
  const { words } = useLanguage();
  const reason = cache?.reason ?? undefined;
  return (
    <>
      {usage ? (
        <CacheBar cached={usage.promptTokensDetails?.cachedTokens ?? 0} prompt={usage.promptTokens} />
      ) : (
        <p className="hint">{words.usageUnknown}</p>
      )}
      <Cost money={usage?.cost?.total} />
      {cache && cache.status !== 'USED' && (
        <p className="hint">{reason ? words.cacheReasons[reason] : words.cacheStatuses[cache.status]}</p>
      )}
    </>
  );
}
