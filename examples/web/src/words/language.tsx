import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import type { ErrorCode } from '../graphql/generated';
import { en } from './en';
import { zh } from './zh';

/** All texts of the page. A missing text, or an error code without one, is a compile error. */
export type Words = typeof en & { problems: Record<ErrorCode | 'NETWORK', string> };

const LANGUAGES: Record<string, Words> = { en, 'zh-CN': zh };

const Language = createContext({ words: en as Words, language: 'en', setLanguage: (_: string) => {} });

export const useLanguage = () => useContext(Language);

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(preferred);
  const words = LANGUAGES[language] ?? en;
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = words.title;
  }, [language, words]);
  return <Language value={{ words, language, setLanguage }}>{children}</Language>;
}

/** The first of the browser's languages that the page supports. */
function preferred(): string {
  const known = navigator.languages
    .map((language) => language.slice(0, 2))
    .find((it) => it === 'en' || it === 'zh');
  return known === 'zh' ? 'zh-CN' : 'en';
}
