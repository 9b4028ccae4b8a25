import {
  type ContextCacheClient,
  type ContextCacheError,
  createContextCacheClient,
} from 'graphql-context-cache-client';
import type { ChatStorage } from 'graphql-context-cache-client/react';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import { openStorage } from './storage';

/** Something that could not be loaded. */
export interface Failure {
  error: ContextCacheError;
  retry: () => void;
}

interface SessionValue {
  client: ContextCacheClient;
  storage: ChatStorage;
  openAccess: () => void;
  failures: Readonly<Record<string, Failure>>;
  /** `undefined`: it is loaded now. */
  report: (name: string, failure: Failure | undefined) => void;
}

const Session = createContext<SessionValue | undefined>(undefined);

/** What belongs to one caller: all of it is dropped with the credential. */
export function useSession(): SessionValue {
  const session = useContext(Session);
  if (!session) throw new Error('useSession is used outside of SessionProvider');
  return session;
}

interface SessionProviderProps {
  credential: string;
  openAccess: () => void;
  children: ReactNode;
}

export function SessionProvider({ credential, openAccess, children }: SessionProviderProps) {
  const [failures, setFailures] = useState<Readonly<Record<string, Failure>>>({});
  const report = useCallback((name: string, failure: Failure | undefined) => {
    setFailures(({ [name]: known, ...others }) => {
      if (!failure) return others;
      return { ...others, [name]: failure };
    });
  }, []);
  const client = useMemo(() => {
    const headers: Record<string, string> =
      credential === '' ? {} : { authorization: `Bearer ${credential}` };
    return createContextCacheClient({ url: '/graphql', headers });
  }, [credential]);
  const storage = useMemo(() => openStorage(credential), [credential]);
  const value = useMemo(
    () => ({ client, storage, openAccess, failures, report }),
    [client, storage, openAccess, failures, report],
  );
  return <Session value={value}>{children}</Session>;
}
