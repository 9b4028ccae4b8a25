import { useCallback } from 'react';
import { Chat } from './chat/chat';
import { ContextList } from './contexts/context-list';
import { useContexts } from './contexts/use-contexts';
import { ConversationList } from './conversations/conversation-list';
import { useConversations } from './conversations/use-conversations';
import { useEscape } from './escape';
import { focusMain } from './focus';
import { Failures } from './session/failures';
import { Start } from './start/start';
import { useLanguage } from './words/language';

/** The lists next to the start or the open conversation. */
export function Workspace({ menuShown, hideMenu }: { menuShown: boolean; hideMenu: () => void }) {
  const { words } = useLanguage();
  const contexts = useContexts();
  const conversations = useConversations();
  const { opened } = conversations;
  const closeMenu = useCallback(() => {
    hideMenu();
    // The focused element is hidden.
    document.querySelector<HTMLElement>('.menu')?.focus();
  }, [hideMenu]);
  useEscape(menuShown, closeMenu);
  return (
    <div className={menuShown ? 'layout menu-shown' : 'layout'}>
      <nav id="menu" aria-label={words.menu}>
        <ConversationList
          conversations={conversations}
          onOpen={(id) => {
            conversations.open(id);
            hideMenu();
            focusMain();
          }}
        />
        <ContextList
          contexts={contexts}
          openedId={opened?.target.contextId}
          onOpen={({ id: contextId, mode, model }) => {
            conversations.startOrOpen({ contextId, mode, model });
            hideMenu();
            focusMain();
          }}
        />
      </nav>
      <main id="main" tabIndex={-1}>
        <Failures />
        {opened ? (
          <Chat key={opened.id} conversation={opened} conversations={conversations} contexts={contexts} />
        ) : (
          <Start conversations={conversations} contexts={contexts} />
        )}
      </main>
    </div>
  );
}
