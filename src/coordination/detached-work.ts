import type { Lifetime } from '../util/lifetime.js';

/** Work that goes on when its caller leaves, because others wait for it or may come back for it. */
export class DetachedWork {
  private readonly running = new Set<Promise<unknown>>();

  /** What the work comes to; rejects once the caller has left, and the work goes on. */
  unlessLeft<T>(work: Promise<T>, caller: Lifetime): Promise<T> {
    this.running.add(work);
    const forget = () => void this.running.delete(work);
    work.then(forget, forget);
    return caller.unlessOver(work);
  }

  /** Resolves once none of it runs. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running);
  }
}
