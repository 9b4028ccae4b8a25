import { type ContextCacheClient, createContextCacheClient } from 'graphql-context-cache-client';
import type { ChatStorage } from 'graphql-context-cache-client/react';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';

/** What one caller has on this page. */
interface Session {
  client: ContextCacheClient;
  /** Survives a reload of the tab, unless a credential is used, which does not survive it either. */
  storage: ChatStorage;
}

const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('there is no SessionProvider');
  return session;
}

export function SessionProvider({ credential, children }: { credential: string; children: ReactNode }) {
  const session = useMemo(() => {
    const headers: Record<string, string> =
      credential === '' ? {} : { authorization: `Bearer ${credential}` };
    const client = createContextCacheClient({ url: '/graphql', headers });
    return { client, storage: credential === '' ? tabStorage() : new MemoryStorage() };
  }, [credential]);
  return <SessionContext value={session}>{children}</SessionContext>;
}

/** State that survives what the session's storage survives. */
export function useKept<T>(name: string, initial: T) {
  const { storage } = useSession();
  const [value, setValue] = useState(() => read(storage, name, initial));
  useEffect(() => write(storage, name, value), [storage, name, value]);
  return [value, setValue] as const;
}

function read<T>(storage: ChatStorage, name: string, initial: T): T {
  try {
    return JSON.parse(storage.getItem(name) ?? '') as T;
  } catch {
    return initial;
  }
}

function write(storage: ChatStorage, name: string, value: unknown): void {
  try {
    storage.setItem(name, JSON.stringify(value));
  } catch {
    // It is full: the page works without.
  }
}

function tabStorage(): ChatStorage {
  try {
    return sessionStorage;
  } catch {
    // The browser permits none.
    return new MemoryStorage();
  }
}

class MemoryStorage implements ChatStorage {
  private readonly items = new Map<string, string>();
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
}
