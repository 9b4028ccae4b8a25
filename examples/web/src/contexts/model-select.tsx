import { useQuery } from 'urql';
import { ModelsDocument } from '../graphql/generated';
import { toProblem } from '../graphql/problem';
import { ProblemNote } from '../problem-note';
import { useLanguage } from '../words/language';

/** The gateway's models, those that support caching first. */
export function ModelSelect() {
  const { words } = useLanguage();
  const [{ data, error }, load] = useQuery({ query: ModelsDocument });
  const models = data?.models ?? [];
  const groups = [
    { label: words.cachingModels, members: models.filter((model) => model.supportsContextCache) },
    { label: words.otherModels, members: models.filter((model) => !model.supportsContextCache) },
  ];
  return (
    <>
      <label htmlFor="model">{words.model}</label>
      <select id="model" name="model" required>
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
      {error && <ProblemNote problem={toProblem(error)} onRetry={load} />}
    </>
  );
}
