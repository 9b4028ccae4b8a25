import { useEffect, useState } from 'react';

/** Reads what this tab kept, e.g. before a reload. */
export function readKept<T>(name: string, fallback: T, isKept: boolean): T {
  try {
    const text = isKept ? sessionStorage.getItem(name) : null;
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    // The browser permits no storage.
    return fallback;
  }
}

export function keep(name: string, value: unknown): void {
  try {
    if (value === undefined) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // It is full, or not permitted: the page works without.
  }
}

/** State that survives a reload of the tab. */
export function useKept<T>(name: string, initial: T, isKept: boolean) {
  const [value, setValue] = useState(() => readKept(name, initial, isKept));
  useEffect(() => {
    if (isKept) keep(name, value);
  }, [name, value, isKept]);
  return [value, setValue] as const;
}
