import { type ContextMode, CreateContextDocument } from 'graphql-context-cache-client';
import { type FormEvent, useState } from 'react';
import { useSession } from '../access/session';
import { type Problem, toProblem } from '../problems/problem';
import { ProblemNote } from '../problems/problem-note';
import { useLanguage } from '../words/language';
import { toInput } from './create';
import { isPrefixOnly, ModelSelect } from './model-select';
import type { ContextTarget } from './use-contexts';

const MODES: ContextMode[] = ['SESSION', 'COMMON_PREFIX'];
/** One hour to one week, in seconds. */
const TTLS = [3_600, 21_600, 86_400, 259_200, 604_800];

export function CreateContext({ onCreated }: { onCreated: (context: ContextTarget) => void }) {
  const { words } = useLanguage();
  const { client } = useSession();
  const [written, setPersona] = useState<string>();
  const [model, setModel] = useState('');
  const [isCreating, setCreating] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const persona = written ?? words.samplePersona;

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const wanted = {
      model,
      persona,
      mode: form.get('mode') as ContextMode | null,
      ttl: Number(form.get('ttl')),
    };
    setCreating(true);
    setProblem(undefined);
    try {
      const { createContext } = await client.request(CreateContextDocument, { input: toInput(wanted) });
      const { id, mode } = createContext;
      onCreated({ ...wanted, id, mode: mode ?? null });
    } catch (error) {
      setProblem(toProblem(error));
      setCreating(false);
    }
  }

  return (
    <form className="create" onSubmit={submit}>
      <label htmlFor="persona">{words.persona}</label>
      <textarea
        id="persona"
        rows={7}
        required
        aria-describedby="persona-hint"
        value={persona}
        onChange={({ target }) => setPersona(target.value)}
      />
      <p id="persona-hint" className="hint">
        {words.personaHint}
      </p>
      <ModelSelect value={model} onChange={setModel} />
      <fieldset>
        <legend>{words.mode}</legend>
        {MODES.filter((mode) => mode === 'COMMON_PREFIX' || !isPrefixOnly(model)).map((mode) => (
          <label key={mode} className="choice">
            <input
              type="radio"
              name="mode"
              value={mode}
              defaultChecked={mode === 'SESSION' || isPrefixOnly(model)}
            />
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
      {problem && <ProblemNote problem={problem} />}
      <button type="submit" className="primary" disabled={isCreating || model === ''}>
        {isCreating ? words.creating : words.create}
      </button>
    </form>
  );
}
