import { useCallback, useRef, useState } from 'react';
import { useKeptFocus } from './focus';
import { Access } from './session/access';
import { SessionProvider } from './session/session';
import { useLanguage } from './words/language';
import { Workspace } from './workspace';

/** The page. A new credential is a new caller, so all state of the previous one is dropped. */
export function App() {
  const { words, language, setLanguage } = useLanguage();
  const [credential, setCredential] = useState('');
  const [menuShown, showMenu] = useState(false);
  const access = useRef<HTMLFormElement>(null);
  const openAccess = useCallback(() => access.current?.showPopover(), []);
  useKeptFocus();
  return (
    <>
      <a className="skip" href="#main">
        {words.skip}
      </a>
      <header className="top">
        <button
          type="button"
          className="menu"
          aria-expanded={menuShown}
          aria-controls="menu"
          onClick={() => showMenu(!menuShown)}
        >
          {words.menu}
        </button>
        <h1>
          <img src="/favicon.svg" alt="" width="28" height="28" />
          {words.title}
        </h1>
        <Access panel={access} onChange={setCredential} />
        <select
          aria-label="Language, 语言"
          value={language}
          // With a credential nothing is stored.
          onChange={({ target }) => setLanguage(target.value, credential === '')}
        >
          <option value="en" lang="en">
            English
          </option>
          <option value="zh-CN" lang="zh-CN">
            中文
          </option>
        </select>
      </header>
      <SessionProvider key={credential} credential={credential} openAccess={openAccess}>
        <Workspace menuShown={menuShown} hideMenu={useCallback(() => showMenu(false), [])} />
      </SessionProvider>
    </>
  );
}
