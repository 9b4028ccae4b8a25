import { reasonOf } from '../errors.js';

/** Work that goes on when its caller leaves, because others wait for it or may come back for it. */
export class DetachedWork {
  private readonly running = new Set<Promise<unknown>>();

  /** What the work comes to; rejects once the caller has left, and the work goes on. */
  unlessLeft<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    this.running.add(work);
    return new Promise((resolve, reject) => {
      const onLeft = () => reject(reasonOf(signal));
      if (signal.aborted) onLeft();
      signal.addEventListener('abort', onLeft, { once: true });
      work.then(resolve, reject).finally(() => {
        signal.removeEventListener('abort', onLeft);
        this.running.delete(work);
      });
    });
  }

  /** Resolves once none of it runs. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running);
  }
}
