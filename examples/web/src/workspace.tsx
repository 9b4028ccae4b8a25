import { useRef } from 'react';
import { useKept } from './access/session';
import { Chat } from './chat/chat';
import { ContextList } from './contexts/context-list';
import { type ContextTarget, useContexts } from './contexts/use-contexts';
import { ConversationList } from './conversations/conversation-list';
import { type Target, useConversations } from './conversations/use-conversations';
import { Start } from './start/start';
import { useLanguage } from './words/language';

/** The lists next to the chosen conversation, or to the start of a new one. */
export function Workspace({ listShown, hideList }: { listShown: boolean; hideList: () => void }) {
  const { words } = useLanguage();
  const contexts = useContexts();
  const conversations = useConversations();
  const [chosenId, setChosenId] = useKept<string | null>('chosen', null);
  const chosen = conversations.items.find(({ id }) => id === chosenId);
  const main = useRef<HTMLElement>(null);

  function choose(id: string | null) {
    setChosenId(id);
    hideList();
    if (id === null) main.current?.focus();
  }
  const start = (target: Target) => choose(conversations.start(target));
  function startWith(context: ContextTarget) {
    contexts.reload();
    start({ context });
  }
  function remove(id: string) {
    conversations.remove(id);
    if (id === chosenId) choose(null);
  }
  return (
    <div className={listShown ? 'layout list-shown' : 'layout'}>
      <nav id="lists" aria-label={words.chats}>
        <button
          type="button"
          className="primary"
          aria-current={chosen === undefined}
          onClick={() => choose(null)}
        >
          {words.newChat}
        </button>
        <ConversationList
          items={conversations.items}
          chosenId={chosen?.id}
          onChoose={choose}
          onRemove={remove}
        />
        <ContextList contexts={contexts} onChoose={(context) => start({ context })} />
      </nav>
      <main id="main" ref={main} tabIndex={-1}>
        {chosen ? (
          <Chat
            key={chosen.id}
            conversation={chosen}
            onTitle={(title) => conversations.update(chosen.id, { title })}
            onRetarget={(context) => conversations.update(chosen.id, { target: { context } })}
            onAnswer={contexts.reload}
            onStart={start}
            onNew={() => choose(null)}
          />
        ) : (
          <Start onPrompt={(prompt) => start({ prompt })} onContext={startWith} />
        )}
      </main>
    </div>
  );
}
