import { useRef } from 'react';
import { Chat } from './chat/chat';
import { useConversations } from './chat/use-conversations';
import { ContextList } from './contexts/context-list';
import { CreateContext } from './contexts/create-context';
import { useContexts } from './contexts/use-contexts';
import { useKept } from './kept';

interface WorkspaceProps {
  /** Whether conversations survive a reload of the page. */
  isKept: boolean;
  listShown: boolean;
  hideList: () => void;
}

/** A caller's contexts next to the form for a new one or the chat with the selected one. */
export function Workspace({ isKept, listShown, hideList }: WorkspaceProps) {
  const contexts = useContexts();
  const conversations = useConversations(isKept, contexts.update);
  const [chosenId, setChosenId] = useKept<string | undefined>('chosen', undefined, isKept);
  const chosen = contexts.items.find(({ id }) => id === chosenId);
  const main = useRef<HTMLElement>(null);
  function choose(id: string | undefined) {
    setChosenId(id);
    hideList();
  }
  return (
    <div className={listShown ? 'layout list-shown' : 'layout'}>
      <ContextList contexts={contexts} chosenId={chosen?.id} onChoose={choose} />
      <main id="main" ref={main} tabIndex={-1}>
        {chosen ? (
          <Chat
            key={chosen.id}
            context={chosen}
            turns={conversations.turnsOf(chosen.id)}
            onAsk={(question) => conversations.ask(chosen, question)}
            onStop={() => conversations.stop(chosen.id)}
            onNew={() => choose(undefined)}
            onForget={async () => {
              conversations.stop(chosen.id);
              const problem = await contexts.forget(chosen.id);
              // The focused button was removed.
              if (!problem) main.current?.focus();
              return problem;
            }}
          />
        ) : (
          <CreateContext
            onCreated={(context) => {
              contexts.add(context);
              choose(context.id);
            }}
          />
        )}
      </main>
    </div>
  );
}
