import type {
  CacheBypassReason,
  CacheStatus,
  ClientErrorCode,
  PromptCacheState,
} from 'graphql-context-cache-client';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { en } from './en';
import { zh } from './zh';

/** All texts of the page. A missing text, or a code without one, is a compile error. */
export type Words = typeof en & {
  problems: Record<ClientErrorCode, string>;
  cacheStates: Record<PromptCacheState, string>;
  cacheStatuses: Record<CacheStatus, string>;
  cacheReasons: Record<CacheBypassReason, string>;
};

const LANGUAGES: Record<string, Words> = { en, 'zh-CN': zh };

const Language = createContext({ words: en as Words, language: 'en', setLanguage: (_: string) => {} });

export const useLanguage = () => useContext(Language);

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(preferred);
  const words = LANGUAGES[language] ?? en;
  const choose = (chosen: string) => {
    keep(chosen);
    setLanguage(chosen);
  };
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = words.title;
  }, [language, words]);
  return <Language value={{ words, language, setLanguage: choose }}>{children}</Language>;
}

const KEY = 'language';

/** What was chosen last, else the first of the browser's languages that the page has. */
function preferred(): string {
  const chosen = kept();
  if (chosen !== null && chosen in LANGUAGES) return chosen;
  const known = navigator.languages
    .map((language) => language.slice(0, 2))
    .find((it) => it === 'en' || it === 'zh');
  return known === 'zh' ? 'zh-CN' : 'en';
}

function kept(): string | null {
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
    // It lasts until the page is reloaded.
  }
}
