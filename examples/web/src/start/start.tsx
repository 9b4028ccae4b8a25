import type { PromptsQuery } from 'graphql-context-cache-client';
import { useEffect, useState } from 'react';
import { useSession } from '../access/session';
import { CreateContext } from '../contexts/create-context';
import type { ContextTarget } from '../contexts/use-contexts';
import { type Problem, toProblem } from '../problems/problem';
import { ProblemNote } from '../problems/problem-note';
import { useLanguage } from '../words/language';
import { PromptCards } from './prompt-cards';

interface StartProps {
  onPrompt: (prompt: { name: string; title: string }) => void;
  onContext: (context: ContextTarget) => void;
}

/** A new chat: with one of the operator's prompts, or with a context by hand. */
export function Start({ onPrompt, onContext }: StartProps) {
  const { words } = useLanguage();
  const { prompts, problem, reload } = usePrompts();
  return (
    <section className="start" aria-labelledby="start-title">
      <h2 id="start-title">{words.newChat}</h2>
      {problem && <ProblemNote problem={problem} onRetry={reload} />}
      {prompts && prompts.length > 0 && <PromptCards prompts={prompts} onChoose={onPrompt} />}
      {(prompts || problem) && (
        <details className="by-hand" open={prompts?.length === 0}>
          <summary>{words.byHand}</summary>
          <CreateContext onCreated={onContext} />
        </details>
      )}
    </section>
  );
}

function usePrompts() {
  const { client } = useSession();
  const [prompts, setPrompts] = useState<PromptsQuery['prompts']>();
  const [problem, setProblem] = useState<Problem>();
  const [tries, setTries] = useState(0);
  // Each try asks again.
  useEffect(() => {
    const controller = new AbortController();
    setProblem(undefined);
    client.prompts(controller).then(setPrompts, (error) => {
      if (!controller.signal.aborted) setProblem(toProblem(error));
    });
    return () => controller.abort();
  }, [client, tries]);
  return { prompts, problem, reload: () => setTries(tries + 1) };
}
