import { useState } from 'react';
import { useSession } from '../access/session';
import { createAgain } from '../contexts/create';
import type { ContextTarget } from '../contexts/use-contexts';
import { type Problem, toProblem } from '../problems/problem';
import { ProblemNote } from '../problems/problem-note';
import { useLanguage } from '../words/language';

interface StartAgainProps {
  context: ContextTarget;
  onCreated: (context: ContextTarget) => void;
  onNew: () => void;
}

/** In place of the composer, once the context has expired. */
export function StartAgain({ context, onCreated, onNew }: StartAgainProps) {
  const { words } = useLanguage();
  const { client } = useSession();
  const [isCreating, setCreating] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const { persona } = context;

  async function create(persona: string) {
    setCreating(true);
    setProblem(undefined);
    try {
      onCreated(await createAgain(client, { ...context, persona }));
    } catch (error) {
      setProblem(toProblem(error));
    }
    setCreating(false);
  }
  return (
    <div className="composer expired">
      <p role="alert">{words.contextExpired}</p>
      {persona !== null ? (
        <button type="button" className="primary" disabled={isCreating} onClick={() => create(persona)}>
          {words.startAgain}
        </button>
      ) : (
        <button type="button" className="primary" onClick={onNew}>
          {words.newChat}
        </button>
      )}
      {problem && <ProblemNote problem={problem} />}
    </div>
  );
}
