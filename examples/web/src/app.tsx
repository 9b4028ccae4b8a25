import { useState } from 'react';
import { Access } from './access/access';
import { SessionProvider } from './access/session';
import { useLanguage } from './words/language';
import { Workspace } from './workspace';

/** The page. A new credential is a new caller, so all state of the previous one is dropped. */
export function App() {
  const { words, language, setLanguage } = useLanguage();
  const [credential, setCredential] = useState('');
  const [listShown, showList] = useState(false);
  return (
    <>
      <a className="skip" href="#main">
        {words.skip}
      </a>
      <header className="top">
        <button
          type="button"
          className="menu"
          aria-expanded={listShown}
          aria-controls="lists"
          onClick={() => showList(!listShown)}
        >
          {words.chats}
        </button>
        <h1>
          <img src="/favicon.svg" alt="" width="28" height="28" />
          {words.title}
        </h1>
        <Access onChange={setCredential} />
        <select
          aria-label="Language, 语言"
          value={language}
          onChange={({ target }) => setLanguage(target.value)}
        >
          <option value="en" lang="en">
            English
          </option>
          <option value="zh-CN" lang="zh-CN">
            中文
          </option>
        </select>
      </header>
      <SessionProvider key={credential} credential={credential}>
        <Workspace listShown={listShown} hideList={() => showList(false)} />
      </SessionProvider>
    </>
  );
}
