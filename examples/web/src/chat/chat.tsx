import { useEffect, useRef } from 'react';
import { CacheBar } from '../cache-bar';
import { titleOf } from '../contexts/context-list';
import { Countdown, useSecondsUntil } from '../contexts/countdown';
import { ForgetButton } from '../contexts/forget-button';
import type { Context } from '../contexts/use-contexts';
import type { Problem } from '../graphql/problem';
import { useLanguage } from '../words/language';
import { Announcement } from './announcement';
import { Composer } from './composer';
import type { Turn } from './conversation';
import { TurnView } from './turn-view';

interface ChatProps {
  context: Context;
  turns: readonly Turn[];
  onAsk: (question: string) => void;
  onStop: () => void;
  onNew: () => void;
  onForget: () => Promise<Problem | undefined>;
}

export function Chat({ context, turns, onAsk, onStop, onNew, onForget }: ChatProps) {
  const { words } = useLanguage();
  const last = turns.at(-1);
  const isStreaming = last?.state === 'streaming';
  const isExpired = useSecondsUntil(context.expiresAt) === 0;
  useFollow(turns);
  function askAgain(question: string) {
    onAsk(question);
    // The focused button was removed.
    document.getElementById('question')?.focus();
  }
  return (
    <section className="chat" aria-labelledby="chat-title">
      <ChatHead context={context} onForget={onForget} />
      {turns.length === 0 && (
        <p className="empty">{context.totals.chats > 0 ? words.goOn : words.askFirst}</p>
      )}
      <ol className="turns" aria-label={words.conversation}>
        {turns.map((turn) => (
          <TurnView
            key={turn.id}
            turn={turn}
            onRetry={turn === last && !isExpired ? () => askAgain(turn.question) : undefined}
          />
        ))}
      </ol>
      <Announcement turn={last} />
      {isExpired && !isStreaming ? (
        <div className="composer expired" role="alert">
          <p>{words.contextExpired}</p>
          <button type="button" className="primary" onClick={onNew}>
            {words.newContext}
          </button>
        </div>
      ) : (
        <Composer isStreaming={isStreaming} onSend={onAsk} onStop={onStop} />
      )}
    </section>
  );
}

function ChatHead({ context, onForget }: Pick<ChatProps, 'context' | 'onForget'>) {
  const { words } = useLanguage();
  const { chats, cachedTokens, promptTokens } = context.totals;
  return (
    <header className="chat-head">
      <h2 id="chat-title">{titleOf(context)}</h2>
      <p className="facts">
        <span>{context.model}</span>
        {context.mode && <span>{words.modes[context.mode].name}</span>}
        <Countdown until={context.expiresAt} />
        {context.reused && <span>{words.reused}</span>}
      </p>
      <ForgetButton onForget={onForget} />
      {chats > 0 && (
        <section className="sum" aria-label={words.inSum(chats)}>
          <h3>{words.inSum(chats)}</h3>
          <CacheBar cached={cachedTokens} prompt={promptTokens} />
        </section>
      )}
    </header>
  );
}

/** Scrolls to the newest text, unless the user has scrolled up. */
function useFollow(turns: readonly Turn[]) {
  const count = useRef(turns.length);
  useEffect(() => {
    const { scrollHeight, scrollTop, clientHeight } = document.documentElement;
    const isNew = turns.length !== count.current;
    count.current = turns.length;
    if (isNew || scrollHeight - scrollTop - clientHeight < 200) window.scrollTo({ top: scrollHeight });
  }, [turns]);
}
