import { type ChatMessage, useContextChat } from 'graphql-context-cache-client/react';
import { useEffect, useRef } from 'react';
import { useSession } from '../access/session';
import { useSecondsUntil } from '../contexts/countdown';
import { isPrefixOnly } from '../contexts/model-select';
import { type ContextTarget, useExpiry } from '../contexts/use-contexts';
import type { Conversation, Target } from '../conversations/use-conversations';
import { toProblem } from '../problems/problem';
import { ProblemNote } from '../problems/problem-note';
import { useLanguage } from '../words/language';
import { Announcement } from './announcement';
import { AnswerView } from './answer-view';
import { ChatHead } from './chat-head';
import { Composer } from './composer';
import { QuestionView } from './question-view';
import { StartAgain } from './start-again';

interface ChatProps {
  conversation: Conversation;
  onTitle: (title: string) => void;
  /** Goes on with another context in place of one that has expired. */
  onRetarget: (context: ContextTarget) => void;
  onAnswer: () => void;
  onStart: (target: Target) => void;
  onNew: () => void;
}

const TITLE_LENGTH = 60;

export function Chat({ conversation, onTitle, onRetarget, onAnswer, onStart, onNew }: ChatProps) {
  const { words } = useLanguage();
  const { client, storage } = useSession();
  const { id, target } = conversation;
  const { prompt, context } = target;
  const of = prompt ? { prompt: prompt.name } : { contextId: context.id, mode: context.mode };
  const chat = useContextChat({ client, storage, id, ...of });
  const { messages, status } = chat;
  const last = messages.at(-1);
  const answers = messages.filter(({ state, role }) => role === 'assistant' && state === 'complete').length;
  const expiry = useExpiry(context?.id, answers);
  const isExpired = useSecondsUntil(expiry.expiresAt) === 0 || expiry.isGone;
  const isBusy = status === 'submitted' || status === 'streaming';
  // A session's history is at the gateway, where nothing can be taken back.
  const isRewindable =
    prompt !== undefined || context.mode === 'COMMON_PREFIX' || isPrefixOnly(context.model);
  useFollow(messages);
  const isRetargeted = useRef(false);
  // Once it is a chat with the new context.
  useEffect(() => {
    if (isRetargeted.current && last?.state === 'failed') void chat.regenerate();
    isRetargeted.current = false;
  }, [context?.id]);
  // After each answer.
  useEffect(() => {
    if (answers > 0 && context) onAnswer();
  }, [answers]);

  function ask(question: string) {
    if (conversation.title === '') onTitle(question.slice(0, TITLE_LENGTH));
    void chat.send(question);
  }
  function askAgain() {
    void chat.regenerate();
    // The focused button is gone.
    document.getElementById('question')?.focus();
  }
  function edit(questionId: string, question: string) {
    if (questionId === messages[0]?.id) onTitle(question.slice(0, TITLE_LENGTH));
    void chat.edit(questionId, question);
    document.getElementById('question')?.focus();
  }
  function goOnWith(again: ContextTarget) {
    // The gateway has forgotten a session's history, so its conversation ends here.
    if (!isRewindable) return onStart({ context: again });
    isRetargeted.current = true;
    onRetarget(again);
  }
  const isLost = isExpired || last?.error?.code === 'CONTEXT_NOT_FOUND';
  const startAgain = context && <StartAgain context={context} onCreated={goOnWith} onNew={onNew} />;

  return (
    <section className="chat" aria-labelledby="chat-title">
      <ChatHead
        target={target}
        messages={messages}
        expiresAt={context && expiry.expiresAt}
        onNew={() => onStart(target)}
      />
      {messages.length === 0 && <p className="empty">{isRewindable ? words.askFirst : words.askSession}</p>}
      <ol className="turns" aria-label={words.conversation}>
        {messages.map((message) => (
          <li key={message.id}>
            {message.role === 'user' ? (
              <QuestionView
                content={message.content}
                onEdit={isRewindable && !isBusy && !isLost ? (text) => edit(message.id, text) : undefined}
              />
            ) : (
              <AnswerView
                answer={message}
                isReplaced={isRewindable}
                onAgain={mayAskAgain(message, last, isRewindable) && !isLost ? askAgain : undefined}
              >
                {message === last && message.error && !isLost && (
                  <ProblemNote problem={toProblem(message.error)} onRetry={askAgain}>
                    {message.error.code === 'PROMPT_NOT_FOUND' && (
                      <button type="button" onClick={onNew}>
                        {words.otherPrompt}
                      </button>
                    )}
                  </ProblemNote>
                )}
              </AnswerView>
            )}
          </li>
        ))}
      </ol>
      <Announcement answer={last?.role === 'assistant' ? last : undefined} />
      {isLost && !isBusy ? (
        startAgain
      ) : (
        <Composer id={id} isStreaming={isBusy} onSend={ask} onStop={chat.stop} />
      )}
    </section>
  );
}

/** An error has a button of its own. */
function mayAskAgain(message: ChatMessage, last: ChatMessage | undefined, isRewindable: boolean): boolean {
  return message === last && (message.state === 'stopped' || (message.state === 'complete' && isRewindable));
}

/** Scrolls to the newest text, unless the user has scrolled up. */
function useFollow(messages: readonly ChatMessage[]) {
  const count = useRef(messages.length);
  useEffect(() => {
    const { scrollHeight, scrollTop, clientHeight } = document.documentElement;
    const isNew = messages.length !== count.current;
    count.current = messages.length;
    if (isNew || scrollHeight - scrollTop - clientHeight < 200) window.scrollTo({ top: scrollHeight });
  }, [messages]);
}
