import { useRef } from 'react';
import { useLanguage } from '../words/language';

/** Asks for the credential if the server needs one. It is kept only in the memory of this tab. */
export function Access({ onChange }: { onChange: (credential: string) => void }) {
  const { words } = useLanguage();
  const panel = useRef<HTMLFormElement>(null);
  function use(form: FormData) {
    onChange(String(form.get('credential')).trim());
    panel.current?.hidePopover();
  }
  return (
    <>
      <button type="button" popoverTarget="access">
        {words.access}
      </button>
      <form id="access" popover="auto" ref={panel} aria-label={words.access} action={use}>
        <label htmlFor="credential">{words.credential}</label>
        <input
          id="credential"
          name="credential"
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

/** Opens the form, for an error that a credential helps. */
export function askForCredential(): void {
  document.getElementById('access')?.showPopover();
  document.getElementById('credential')?.focus();
}
