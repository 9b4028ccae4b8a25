import { type ContextCacheClient, ContextCacheError } from 'graphql-context-cache-client';
import { useEffect, useState } from 'react';
import { useSession } from './session';

/** Loads once; a failure is shown at the top of the page. `load` is a constant. */
export function useLoad<T>(name: string, load: (client: ContextCacheClient) => Promise<T>) {
  const { client, report } = useSession();
  const [data, setData] = useState<T>();
  const [isLoading, setLoading] = useState(true);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    setLoading(true);
    load(client)
      .then((loaded) => {
        if (!isCurrent) return;
        setData(loaded);
        report(name, undefined);
      })
      .catch((error) => {
        if (isCurrent) report(name, { error: toError(error), retry: () => setAttempt(attempt + 1) });
      })
      .finally(() => isCurrent && setLoading(false));
    return () => {
      isCurrent = false;
      report(name, undefined);
    };
  }, [client, report, name, load, attempt]);
  return { data, isLoading };
}

/** Whatever else is thrown is a fault of this page. */
export function toError(error: unknown): ContextCacheError {
  if (error instanceof ContextCacheError) return error;
  return new ContextCacheError(String(error), { code: 'INTERNAL_SERVER_ERROR', retryable: false });
}
