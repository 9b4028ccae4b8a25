import { ModelsDocument, type ModelsQuery } from 'graphql-context-cache-client';
import { useEffect, useState } from 'react';
import { useSession } from '../access/session';
import { type Problem, toProblem } from '../problems/problem';
import { ProblemNote } from '../problems/problem-note';
import { useLanguage } from '../words/language';

/** The gateway keeps no sessions for these. */
export function isPrefixOnly(model: string): boolean {
  return model.toLowerCase().startsWith('gemini-');
}

/** The gateway's models, those that support caching first. */
export function ModelSelect({ value, onChange }: { value: string; onChange: (model: string) => void }) {
  const { words } = useLanguage();
  const { models, problem, reload } = useModels((first) => onChange(value || first));
  const groups = [
    { label: words.cachingModels, members: models.filter((model) => model.supportsContextCache) },
    { label: words.otherModels, members: models.filter((model) => !model.supportsContextCache) },
  ];
  return (
    <>
      <label htmlFor="model">{words.model}</label>
      <select id="model" required value={value} onChange={({ target }) => onChange(target.value)}>
        {groups
          .filter(({ members }) => members.length > 0)
          .map(({ label, members }) => (
            <optgroup key={label} label={label}>
              {members.map(({ id }) => (
                <option key={id}>{id}</option>
              ))}
            </optgroup>
          ))}
      </select>
      {problem && <ProblemNote problem={problem} onRetry={reload} />}
    </>
  );
}

function useModels(onFirst: (model: string) => void) {
  const { client } = useSession();
  const [models, setModels] = useState<ModelsQuery['models']>([]);
  const [problem, setProblem] = useState<Problem>();
  const [tries, setTries] = useState(0);
  // Each try asks again.
  useEffect(() => {
    const controller = new AbortController();
    setProblem(undefined);
    client.request(ModelsDocument, {}, controller).then(
      (found) => {
        setModels(found.models);
        const first = found.models.find((model) => model.supportsContextCache) ?? found.models[0];
        if (first) onFirst(first.id);
      },
      (error) => {
        if (!controller.signal.aborted) setProblem(toProblem(error));
      },
    );
    return () => controller.abort();
  }, [client, tries]);
  return { models, problem, reload: () => setTries(tries + 1) };
}
