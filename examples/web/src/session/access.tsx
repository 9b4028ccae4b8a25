import { type RefObject, useRef } from 'react';
import { useLanguage } from '../words/language';

interface AccessProps {
  panel: RefObject<HTMLFormElement | null>;
  onChange: (credential: string) => void;
}

/** Asks for the credential if the server needs one. It is kept only in the memory of this tab. */
export function Access({ panel, onChange }: AccessProps) {
  const { words } = useLanguage();
  const field = useRef<HTMLInputElement>(null);
  function use(form: FormData) {
    panel.current?.hidePopover();
    onChange(String(form.get('credential')).trim());
  }
  return (
    <>
      <button type="button" popoverTarget="access">
        {words.access}
      </button>
      <form
        id="access"
        popover="auto"
        ref={panel}
        aria-label={words.access}
        action={use}
        onToggle={({ newState }) => newState === 'open' && field.current?.focus()}
      >
        <label htmlFor="credential">{words.credential}</label>
        <input
          id="credential"
          name="credential"
          ref={field}
          type="password"
          autoComplete="off"
          aria-describedby="credential-hint"
        />
        <p id="credential-hint" className="hint">
          {words.credentialHint}
        </p>
        <button type="submit" className="primary">
          {words.useCredential}
        </button>
      </form>
    </>
  );
}
