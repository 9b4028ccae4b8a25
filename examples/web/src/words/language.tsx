import type { ClientErrorCode } from 'graphql-context-cache-client';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { en } from './en';
import { zh } from './zh';

/** All texts of the page. A missing text, or an error code without one, is a compile error. */
export type Words = typeof en & { problems: Record<ClientErrorCode, string> };

const LANGUAGES: Record<string, Words> = { en, 'zh-CN': zh };

const Language = createContext({
  words: en as Words,
  language: 'en',
  setLanguage: (_language: string, _isKept: boolean) => {},
});

export const useLanguage = () => useContext(Language);

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, choose] = useState(preferred);
  const words = LANGUAGES[language] ?? en;
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = words.title;
  }, [language, words]);
  function setLanguage(chosen: string, isKept: boolean) {
    choose(chosen);
    if (isKept) keep(chosen);
  }
  return <Language value={{ words, language, setLanguage }}>{children}</Language>;
}

const KEY = 'context-page:language';

/** The one that was chosen last, or else the first of the browser's languages that the page supports. */
function preferred(): string {
  const kept = readKept();
  if (kept !== null && kept in LANGUAGES) return kept;
  const known = navigator.languages
    .map((language) => language.slice(0, 2))
    .find((it) => it === 'en' || it === 'zh');
  return known === 'zh' ? 'zh-CN' : 'en';
}

function readKept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    // The browser permits no storage.
    return null;
  }
}

function keep(language: string): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // The choice then lasts as long as the page.
  }
}
