/** Calls the listener with the signal's reason when it aborts, or at once if it has. Returns a function to remove it. */
export function onAbort(signal: AbortSignal, listener: (reason: Error) => void): () => void {
  const listen = () => listener(signal.reason);
  if (signal.aborted) listen();
  else signal.addEventListener('abort', listen, { once: true });
  return () => signal.removeEventListener('abort', listen);
}

/** Settles with the work, or rejects with the signal's reason if it aborts first; the work itself goes on. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let removeListener: () => void = () => undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      removeListener = onAbort(signal, reject);
      work.then(resolve, reject);
    });
  } finally {
    removeListener();
  }
}
