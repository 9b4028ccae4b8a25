import type { ChatMessage } from 'graphql-context-cache-client/react';
import { useLanguage } from '../words/language';

/** Announces the complete answer to screen readers, instead of every piece. */
export function Announcement({ answer }: { answer: ChatMessage | undefined }) {
  const { words } = useLanguage();
  const said = {
    streaming: words.answering,
    complete: `${words.answered} ${answer?.content}`,
    stopped: words.stopped,
    // The alert announces it.
    failed: '',
  };
  return (
    <p className="for-ears" role="status">
      {answer && said[answer.state]}
    </p>
  );
}
