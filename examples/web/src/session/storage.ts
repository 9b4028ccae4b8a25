import type { ChatStorage } from 'graphql-context-cache-client/react';

/** What this tab keeps over a reload. A caller with a credential gets a storage that ends with the page. */
export function openStorage(credential: string): ChatStorage {
  try {
    if (credential === '') return globalThis.sessionStorage;
  } catch {
    // The browser permits none.
  }
  return memoryStorage();
}

function memoryStorage(): ChatStorage {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}

export function readStored<T>(storage: ChatStorage, key: string, fallback: T): T {
  try {
    const text = storage.getItem(key);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

/** `undefined` removes it. */
export function writeStored(storage: ChatStorage, key: string, value: unknown): void {
  try {
    if (value === undefined) storage.removeItem(key);
    else storage.setItem(key, JSON.stringify(value));
  } catch {
    // It is full: the page works without.
  }
}
