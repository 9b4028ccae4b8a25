import type { ChatMessage } from 'graphql-context-cache-client/react';
import { nameOf } from '../contexts/context-list';
import { Countdown } from '../contexts/countdown';
import type { Context, Contexts } from '../contexts/use-contexts';
import type { Conversation } from '../conversations/conversation';
import { useLanguage } from '../words/language';
import { CacheBar } from './cache-bar';
import { Cost, sumOf } from './cost';
import { Savings } from './savings';

interface ChatHeadProps {
  conversation: Conversation;
  context: Context | undefined;
  contexts: Contexts;
  messages: readonly ChatMessage[];
  /** Absent where there can be no second chat with the same context. */
  onNew: (() => void) | undefined;
}

export function ChatHead({ conversation, context, contexts, messages, onNew }: ChatHeadProps) {
  const { words } = useLanguage();
  const { target } = conversation;
  const mode = target.prompt === undefined ? (context?.mode ?? target.mode) : undefined;
  return (
    <header className="chat-head">
      <h2 id="chat-title">
        {target.prompt === undefined ? nameOf(target.contextId, contexts) : target.title}
      </h2>
      <p className="facts">
        <span>{target.model}</span>
        {target.prompt !== undefined && <span>{words.prompt}</span>}
        {mode && <span>{words.modes[mode].name}</span>}
        {context && <Countdown until={context.expiresAt} />}
        {context?.reused && <span>{words.reused}</span>}
      </p>
      {onNew && (
        <button type="button" className="again" onClick={onNew}>
          {target.prompt === undefined ? words.newOnPrefix : words.newOnPrompt}
        </button>
      )}
      <Sum messages={messages} />
    </header>
  );
}

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
      <Savings answers={usages.length} />
    </section>
  );
}
