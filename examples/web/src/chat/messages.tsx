import type { ChatMessage } from 'graphql-context-cache-client/react';
import { useLanguage } from '../words/language';
import { AnswerView } from './answer-view';
import { QuestionView } from './question-view';

interface MessagesProps {
  messages: readonly ChatMessage[];
  isSession: boolean;
  isGone: boolean;
  onAskAgain: (question: string) => void;
  onEdit: (questionId: string, question: string) => void;
  onChoose: () => void;
}

/** A session is at the gateway: only its last question can be asked again, as a new one. */
export function Messages({ messages, isSession, isGone, onAskAgain, onEdit, onChoose }: MessagesProps) {
  const { words } = useLanguage();
  const last = messages.at(-1);
  const canAsk = !isGone && last?.state !== 'streaming';
  const question = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  return (
    <ol className="turns" aria-label={words.conversation}>
      {messages.map((message) => (
        <li key={message.id}>
          {message.role === 'user' ? (
            <QuestionView
              question={message.content}
              onEdit={canAsk && !isSession ? (content) => onEdit(message.id, content) : undefined}
            />
          ) : (
            <AnswerView
              message={message}
              isLast={message === last}
              isSession={isSession}
              isGone={isGone}
              onAskAgain={message === last && canAsk ? () => onAskAgain(question) : undefined}
              onChoose={onChoose}
            />
          )}
        </li>
      ))}
    </ol>
  );
}
