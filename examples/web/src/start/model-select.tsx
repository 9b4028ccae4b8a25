import type { ModelsQuery } from 'graphql-context-cache-client';
import { useLanguage } from '../words/language';

interface ModelSelectProps {
  models: ModelsQuery['models'];
  chosen: string;
  onChoose: (model: string) => void;
}

/** The gateway's models, those that support caching first. */
export function ModelSelect({ models, chosen, onChoose }: ModelSelectProps) {
  const { words } = useLanguage();
  const groups = [
    { label: words.cachingModels, members: models.filter((model) => model.supportsContextCache) },
    { label: words.otherModels, members: models.filter((model) => !model.supportsContextCache) },
  ];
  return (
    <>
      <label htmlFor="model">{words.model}</label>
      <select id="model" required value={chosen} onChange={({ target }) => onChoose(target.value)}>
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
    </>
  );
}
