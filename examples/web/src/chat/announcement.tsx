import type { ChatMessage } from 'graphql-context-cache-client/react';
import { useEffect, useState } from 'react';
import { useLanguage } from '../words/language';

/** Announces the complete answer to screen readers, instead of every piece; not those of before a reload. */
export function Announcement({ message }: { message: ChatMessage | undefined }) {
  const { words } = useLanguage();
  const [followed, setFollowed] = useState<string>();
  useEffect(() => {
    if (message?.state === 'streaming') setFollowed(message.id);
  }, [message]);
  const said = {
    streaming: words.answering,
    complete: `${words.answered} ${message?.content}`,
    stopped: words.stopped,
    // The alert announces it.
    failed: '',
  };
  return (
    <p className="for-ears" role="status">
      {message && message.id === followed && said[message.state]}
    </p>
  );
}
