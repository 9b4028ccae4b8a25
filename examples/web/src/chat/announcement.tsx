import { useLanguage } from '../words/language';
import type { Turn } from './conversation';

/** Announces the complete answer to screen readers, instead of every piece. */
export function Announcement({ turn }: { turn: Turn | undefined }) {
  const { words } = useLanguage();
  const said = {
    streaming: words.answering,
    done: `${words.answered} ${turn?.answer}`,
    stopped: words.stopped,
    // The alert announces it.
    failed: '',
  };
  return (
    <p className="for-ears" role="status">
      {turn && said[turn.state]}
    </p>
  );
}
