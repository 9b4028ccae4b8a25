import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { type ContextMode, CreateContextDocument } from '../graphql/generated';
import { toProblem } from '../graphql/problem';
import { ProblemNote } from '../problem-note';
import { useLanguage } from '../words/language';
import { ModelSelect } from './model-select';
import type { Context } from './use-contexts';

const MODES: ContextMode[] = ['SESSION', 'COMMON_PREFIX'];
/** One hour to one week, in seconds. */
const TTLS = [3_600, 21_600, 86_400, 259_200, 604_800];

interface CreateContextProps {
  onCreated: (context: Context) => void;
}

export function CreateContext({ onCreated }: CreateContextProps) {
  const { words } = useLanguage();
  const [written, setPersona] = useState<string>();
  const persona = written ?? words.samplePersona;
  const [{ fetching, error }, create] = useMutation(CreateContextDocument);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const mode = form.get('mode') as ContextMode;
    const { data } = await create({
      input: {
        model: String(form.get('model')),
        messages: [{ role: 'SYSTEM', content: persona }],
        mode,
        ttl: Number(form.get('ttl')),
        // Do not create the same prefix twice.
        reuse: mode === 'COMMON_PREFIX',
      },
    });
    if (data) onCreated({ ...data.createContext, persona });
  }

  return (
    <form className="create" onSubmit={submit}>
      <h2>{words.newContext}</h2>
      <p className="hint">{words.newContextHint}</p>
      <label htmlFor="persona">{words.persona}</label>
      <textarea
        id="persona"
        rows={7}
        required
        value={persona}
        onChange={({ target }) => setPersona(target.value)}
      />
      <ModelSelect />
      <fieldset>
        <legend>{words.mode}</legend>
        {MODES.map((mode) => (
          <label key={mode} className="choice">
            <input type="radio" name="mode" value={mode} defaultChecked={mode === 'SESSION'} />
            <span>
              <strong>{words.modes[mode].name}</strong>
              <small>{words.modes[mode].meaning}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <label htmlFor="ttl">{words.ttl}</label>
      <select id="ttl" name="ttl" defaultValue={3_600}>
        {TTLS.map((ttl) => (
          <option key={ttl} value={ttl}>
            {words.duration(ttl)}
          </option>
        ))}
      </select>
      {error && <ProblemNote problem={toProblem(error)} />}
      <button type="submit" className="primary" disabled={fetching}>
        {fetching ? words.creating : words.create}
      </button>
    </form>
  );
}
