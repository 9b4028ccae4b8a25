import { useMemo, useState } from 'react';
import { Provider } from 'urql';
import { Access } from './access';
import { createClient } from './graphql/client';
import { useLanguage } from './words/language';
import { Workspace } from './workspace';

/** The page. A new credential is a new caller, so all state of the previous one is dropped. */
export function App() {
  const { words, language, setLanguage } = useLanguage();
  const [credential, setCredential] = useState('');
  const [listShown, showList] = useState(false);
  const client = useMemo(() => createClient(credential), [credential]);
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
          aria-controls="contexts"
          onClick={() => showList(!listShown)}
        >
          {words.contexts}
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
      <Provider value={client}>
        <Workspace
          key={credential}
          // The credential does not survive a reload, and neither may what it gave access to.
          isKept={credential === ''}
          listShown={listShown}
          hideList={() => showList(false)}
        />
      </Provider>
    </>
  );
}
