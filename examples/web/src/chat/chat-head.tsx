import type { ChatMessage } from 'graphql-context-cache-client/react';
import { CacheBar } from '../cache-bar';
import { Countdown } from '../contexts/countdown';
import { nameOf } from '../conversations/conversation-list';
import type { Target } from '../conversations/use-conversations';
import { Cost, sumOf } from '../cost';
import { useLanguage } from '../words/language';

interface ChatHeadProps {
  target: Target;
  messages: readonly ChatMessage[];
  expiresAt: string | null | undefined;
  onNew: () => void;
}

export function ChatHead({ target, messages, expiresAt, onNew }: ChatHeadProps) {
  const { words } = useLanguage();
  const { context } = target;
  return (
    <header className="chat-head">
      <h2 id="chat-title">{nameOf(target)}</h2>
      <p className="facts">
        {context ? (
          <>
            <span>{context.model}</span>
            {context.mode && (
              <span title={words.modes[context.mode].meaning}>{words.modes[context.mode].name}</span>
            )}
            {expiresAt !== undefined && <Countdown until={expiresAt} />}
          </>
        ) : (
          <span>{words.prompt}</span>
        )}
      </p>
      <button type="button" className="small new" onClick={onNew}>
        {words.newChatHere}
      </button>
      <Sum messages={messages} />
    </header>
  );
}

/** The tokens of all answers that the page shows. */
function Sum({ messages }: { messages: readonly ChatMessage[] }) {
  const { words } = useLanguage();
  const usages = messages.flatMap(({ usage }) => usage ?? []);
  if (usages.length === 0) return null;
  const prompt = usages.reduce((sum, { promptTokens }) => sum + promptTokens, 0);
  const cached = usages.reduce((sum, usage) => sum + (usage.promptTokensDetails?.cachedTokens ?? 0), 0);
  return (
    <section className="sum" aria-label={words.inSum(usages.length)}>
      <h3>{words.inSum(usages.length)}</h3>
      <CacheBar cached={cached} prompt={prompt} />
      <Cost money={sumOf(usages.map(({ cost }) => cost?.total))} />
    </section>
  );
}
