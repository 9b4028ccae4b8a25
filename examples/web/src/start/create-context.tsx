import {
  type ContextCacheClient,
  type ContextCacheError,
  type ContextMode,
  CreateContextDocument,
  type CreateContextMutation,
  ModelsDocument,
} from 'graphql-context-cache-client';
import { type FormEvent, useState } from 'react';
import { inputOf, type Recipe } from '../contexts/recipe';
import { ProblemNote } from '../problem-note';
import { useSession } from '../session/session';
import { toError, useLoad } from '../session/use-load';
import { useLanguage } from '../words/language';
import { ModeChoice } from './mode-choice';
import { ModelSelect } from './model-select';

/** One hour to one week, in seconds. */
const TTLS = [3_600, 21_600, 86_400, 259_200, 604_800];

interface CreateContextProps {
  onCreated: (created: CreateContextMutation['createContext'], recipe: Recipe) => void;
}

export function CreateContext({ onCreated }: CreateContextProps) {
  const { words } = useLanguage();
  const { client } = useSession();
  const { data } = useLoad('models', loadModels);
  const [written, setPersona] = useState<string>();
  const [chosen, setModel] = useState<string>();
  const [isCreating, setCreating] = useState(false);
  const [error, setError] = useState<ContextCacheError>();
  const models = data?.models ?? [];
  const model = chosen ?? (models.find((it) => it.supportsContextCache) ?? models[0])?.id ?? '';
  const cache = models.find(({ id }) => id === model)?.cache;
  const persona = written ?? words.samplePersona;

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isCreating) return;
    const form = new FormData(event.currentTarget);
    const recipe: Recipe = {
      persona,
      model,
      mode: form.get('mode') as ContextMode,
      ttl: Number(form.get('ttl')),
    };
    setCreating(true);
    setError(undefined);
    try {
      const { createContext } = await client.request(CreateContextDocument, { input: inputOf(recipe) });
      onCreated(createContext, recipe);
    } catch (thrown) {
      setError(toError(thrown));
      setCreating(false);
    }
  }

  return (
    <form className="create" onSubmit={submit}>
      <p className="hint">{words.byHandHint}</p>
      <label htmlFor="persona">{words.persona}</label>
      <textarea
        id="persona"
        rows={7}
        required
        value={persona}
        onChange={({ target }) => setPersona(target.value)}
      />
      <ModelSelect models={models} chosen={model} onChoose={setModel} />
      <ModeChoice modes={cache?.modes ?? ALL_MODES} />
      <label htmlFor="ttl">{cache?.expiry === 'FIXED' ? words.fixedTtl : words.ttl}</label>
      <select id="ttl" name="ttl" defaultValue={3_600}>
        {TTLS.map((ttl) => (
          <option key={ttl} value={ttl}>
            {words.duration(ttl)}
          </option>
        ))}
      </select>
      {error && <ProblemNote error={error} />}
      <button type="submit" className="primary" aria-disabled={isCreating}>
        {isCreating ? words.creating : words.create}
      </button>
    </form>
  );
}

/** Of a model that the server knows nothing of. */
const ALL_MODES: readonly ContextMode[] = ['SESSION', 'COMMON_PREFIX'];

const loadModels = (client: ContextCacheClient) => client.request(ModelsDocument, {});
