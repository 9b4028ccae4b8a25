import type { ChatMessage } from 'graphql-context-cache-client/react';
import { CopyButton } from '../copy-button';
import { ProblemNote } from '../problem-note';
import { useLanguage } from '../words/language';
import { Markdown } from './markdown';
import { UsageView } from './usage-view';

interface AnswerViewProps {
  message: ChatMessage;
  isLast: boolean;
  isSession: boolean;
  isGone: boolean;
  /** Absent unless it is the last answer. */
  onAskAgain: (() => void) | undefined;
  onChoose: () => void;
}

export function AnswerView(props: AnswerViewProps) {
  const { words } = useLanguage();
  const { message } = props;
  const { content, reasoning, state, finishReason } = message;
  return (
    <article className="answer" aria-label={words.model} aria-busy={state === 'streaming'}>
      {reasoning && (
        <details>
          <summary>{words.reasoning}</summary>
          <p className="plain">{reasoning}</p>
        </details>
      )}
      {content !== '' && <Markdown text={content} />}
      {state === 'streaming' && <span className="writing" aria-hidden="true" />}
      {state === 'stopped' && <p className="hint">{words.stopped}</p>}
      {finishReason === 'LENGTH' && <p className="hint">{words.cutAtLength}</p>}
      {finishReason === 'CONTENT_FILTER' && <p className="hint">{words.cutByFilter}</p>}
      <Failure {...props} />
      {state === 'complete' && <UsageView message={message} />}
      {state !== 'streaming' && <Actions {...props} />}
    </article>
  );
}

/** Where the context is gone, or the question was asked again, what helps is elsewhere. */
function Failure({ message, isLast, isGone, onAskAgain, onChoose }: AnswerViewProps) {
  const { words } = useLanguage();
  if (!message.error) return null;
  if (!isLast || isGone) return <p className="hint">{words.failed}</p>;
  return <ProblemNote error={message.error} onRetry={onAskAgain} onChoose={onChoose} />;
}

function Actions({ message: { content, state }, isSession, onAskAgain }: AnswerViewProps) {
  const { words } = useLanguage();
  const canRegenerate = state === 'complete' && !isSession;
  return (
    <div className="actions">
      {content !== '' && <CopyButton text={content} name={words.copyAnswer} />}
      {onAskAgain && (canRegenerate || state === 'stopped') && (
        <button type="button" className="quiet" onClick={onAskAgain}>
          {canRegenerate ? words.regenerate : words.askAgain}
        </button>
      )}
      {onAskAgain && isSession && state === 'stopped' && <span className="hint">{words.newTurnHint}</span>}
    </div>
  );
}
