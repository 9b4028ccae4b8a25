import { CacheBar } from '../cache-bar';
import { ProblemNote } from '../problem-note';
import { useLanguage } from '../words/language';
import type { Turn, Usage } from './conversation';

export function TurnView({ turn, onRetry }: { turn: Turn; onRetry?: (() => void) | undefined }) {
  const { words } = useLanguage();
  const { question, answer, reasoning, state, finishReason, usage, problem } = turn;
  return (
    <li>
      <article className="question" aria-label={words.you}>
        {question}
      </article>
      <article className="answer" aria-label={words.model} aria-busy={state === 'streaming'}>
        {reasoning !== '' && (
          <details>
            <summary>{words.reasoning}</summary>
            <p>{reasoning}</p>
          </details>
        )}
        {answer !== '' && <p className="text">{answer}</p>}
        {state === 'streaming' && <span className="writing" aria-hidden="true" />}
        {state === 'stopped' && <p className="hint">{words.stopped}</p>}
        {finishReason === 'LENGTH' && <p className="hint">{words.cutAtLength}</p>}
        {finishReason === 'CONTENT_FILTER' && <p className="hint">{words.cutByFilter}</p>}
        {problem && <ProblemNote problem={problem} onRetry={onRetry} />}
        {state === 'done' && <UsageView usage={usage ?? null} />}
      </article>
    </li>
  );
}

function UsageView({ usage }: { usage: Usage | null }) {
  const { words } = useLanguage();
  if (!usage) return <p className="hint">{words.usageUnknown}</p>;
  return <CacheBar cached={usage.promptTokensDetails?.cachedTokens ?? 0} prompt={usage.promptTokens} />;
}
