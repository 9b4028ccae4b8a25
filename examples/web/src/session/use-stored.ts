import { useEffect, useState } from 'react';
import { useSession } from './session';
import { readStored, writeStored } from './storage';

/** State that survives a reload; `initial` is a constant and is not written. */
export function useStored<T>(name: string, initial: T) {
  const { storage } = useSession();
  const key = `context-page:${name}`;
  const [value, setValue] = useState(() => readStored(storage, key, initial));
  useEffect(
    () => writeStored(storage, key, value === initial ? undefined : value),
    [storage, key, value, initial],
  );
  return [value, setValue] as const;
}
