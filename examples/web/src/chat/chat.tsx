import { useContextChat } from 'graphql-context-cache-client/react';
import { useEffect } from 'react';
import { useIsOver } from '../contexts/countdown';
import type { Contexts } from '../contexts/use-contexts';
import { type Conversation, isSession } from '../conversations/conversation';
import type { Conversations } from '../conversations/use-conversations';
import { focusQuestion } from '../focus';
import { useSession } from '../session/session';
import { useLanguage } from '../words/language';
import { Announcement } from './announcement';
import { ChatHead } from './chat-head';
import { Composer } from './composer';
import { Gone } from './gone';
import { Messages } from './messages';
import { useFollow } from './use-follow';
import { useStartAgain } from './use-start-again';

interface ChatProps {
  conversation: Conversation;
  conversations: Conversations;
  contexts: Contexts;
}

export function Chat({ conversation, conversations, contexts }: ChatProps) {
  const { words } = useLanguage();
  const { client, storage } = useSession();
  const { id, target } = conversation;
  const chat = useContextChat({ client, storage, id, ...target });
  const { messages, status, error } = chat;
  const isBusy = status === 'submitted' || status === 'streaming';
  const context = useContextOf(target.contextId, contexts, isBusy);
  const isOver = useIsOver(context?.expiresAt);
  const isLost = error?.code === 'CONTEXT_NOT_FOUND' || contexts.gone.has(target.contextId ?? '');
  const isGone = target.contextId !== undefined && !isBusy && (isLost || isOver);
  const startAgain = useStartAgain(chat, conversation, conversations, contexts);
  useFollow(messages);

  function ask(question: string, act: () => Promise<void>) {
    conversations.asked(id, question);
    void act();
    // The pressed button may disappear.
    focusQuestion();
  }
  return (
    <section className="chat" aria-labelledby="chat-title">
      <ChatHead
        conversation={conversation}
        context={context}
        contexts={contexts}
        messages={messages}
        onNew={isSession(target) || isGone ? undefined : () => conversations.start(target)}
      />
      {messages.length === 0 && (
        <p className="empty">
          {isSession(target) && context && context.totals.chats > 0 ? words.goOn : words.askFirst}
        </p>
      )}
      <Messages
        messages={messages}
        isSession={isSession(target)}
        isGone={isGone}
        onAskAgain={(question) => ask(question, chat.regenerate)}
        onEdit={(questionId, question) => ask(question, () => chat.edit(questionId, question))}
        onChoose={() => conversations.open(null)}
      />
      <Announcement message={messages.at(-1)} />
      {isGone ? (
        <Gone isSession={isSession(target)} startAgain={startAgain} onNew={() => conversations.open(null)} />
      ) : (
        <Composer
          id={id}
          isStreaming={isBusy}
          onSend={(question) => ask(question, () => chat.send(question))}
          onStop={chat.stop}
        />
      )}
    </section>
  );
}

/** The context as the server has it after each answer. */
function useContextOf(id: string | undefined, contexts: Contexts, isBusy: boolean) {
  const { items, refresh } = contexts;
  useEffect(() => {
    if (id !== undefined && !isBusy) void refresh(id);
  }, [id, isBusy, refresh]);
  return items.find((context) => context.id === id);
}
