import { useLanguage } from '../words/language';
import type { Turn } from './conversation';

/** What a screen reader hears of an answer: all of it, once it has ended, and not each piece as it comes. */
export function Announcement({ turn }: { turn: Turn | undefined }) {
  const { words } = useLanguage();
  const said = {
    streaming: words.answering,
    done: `${words.answered} ${turn?.answer}`,
    stopped: words.stopped,
    // Said by the alert.
    failed: '',
  };
  return (
    <p className="for-ears" role="status">
      {turn && said[turn.state]}
    </p>
  );
}
