/** A signal that aborts with its parent, or once its time is up. */
export interface Deadline {
  signal: AbortSignal;
  abort(reason: Error): void;
  /** Frees the timer and the parent's listener; the signal does not abort any more. */
  clear(): void;
}

/** AbortSignal.timeout() would keep its timer until the end of the time, however early the work is done. */
export function deadline(parent: AbortSignal, milliseconds: number, timedOut: () => Error): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(timedOut()), milliseconds);
  const removeListener = onAbort(parent, (reason) => controller.abort(reason));
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    clear() {
      clearTimeout(timer);
      removeListener();
    },
  };
}

/** Calls the listener with the signal's reason when it aborts, or at once if it has. Returns what removes the listener. */
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
