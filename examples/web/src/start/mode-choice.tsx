import type { ContextMode } from 'graphql-context-cache-client';
import { useLanguage } from '../words/language';

/** Offers only the modes that the model has. */
export function ModeChoice({ modes }: { modes: readonly ContextMode[] }) {
  const { words } = useLanguage();
  return (
    <fieldset>
      <legend>{words.mode}</legend>
      {modes.map((mode, index) => (
        <label key={`${modes.length} ${mode}`} className="choice">
          <input type="radio" name="mode" value={mode} defaultChecked={index === 0} />
          <span>
            <strong>{words.modes[mode].name}</strong>
            <small>{words.modes[mode].meaning}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
