import { useState } from 'react';
import type { Problem } from '../graphql/problem';
import { ProblemNote } from '../problem-note';
import { useLanguage } from '../words/language';

/** Asks for confirmation in place, because forgetting a context is irreversible. */
export function ForgetButton({ onForget }: { onForget: () => Promise<Problem | undefined> }) {
  const { words } = useLanguage();
  const [isSure, setSure] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  async function press() {
    if (!isSure) return setSure(true);
    setSure(false);
    setProblem(await onForget());
  }
  return (
    <div className="forget">
      <button
        type="button"
        className={isSure ? 'danger' : ''}
        onClick={press}
        onBlur={() => setSure(false)}
        onKeyDown={({ key }) => key === 'Escape' && setSure(false)}
      >
        {isSure ? words.forgetSurely : words.forget}
      </button>
      {problem && <ProblemNote problem={problem} />}
    </div>
  );
}
