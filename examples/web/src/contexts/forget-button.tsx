import { useState } from 'react';
import type { Problem } from '../problems/problem';
import { ProblemNote } from '../problems/problem-note';
import { useLanguage } from '../words/language';

/** Asks for confirmation in place, because forgetting a context is irreversible. */
export function ForgetButton({
  name,
  onForget,
}: {
  name: string;
  onForget: () => Promise<Problem | undefined>;
}) {
  const { words } = useLanguage();
  const [isSure, setSure] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  async function press() {
    if (!isSure) return setSure(true);
    setSure(false);
    const failed = await onForget();
    setProblem(failed);
    // The focused button is gone with its context.
    if (!failed) document.getElementById('main')?.focus();
  }
  return (
    <>
      <button
        type="button"
        className={isSure ? 'danger' : 'remove'}
        aria-label={isSure ? words.forgetSurely : words.forget(name)}
        onClick={press}
        onBlur={() => setSure(false)}
        onKeyDown={({ key }) => key === 'Escape' && setSure(false)}
      >
        {isSure ? words.forgetSurely : '×'}
      </button>
      {problem && <ProblemNote problem={problem} />}
    </>
  );
}
