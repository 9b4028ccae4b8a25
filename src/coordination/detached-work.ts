/** Work that goes on after its client has disconnected, since others wait for it or may ask for its result again. */
export class DetachedWork {
  private readonly running = new Set<Promise<unknown>>();

  /** Keeps the server from ending before the work has settled. */
  track<T>(work: Promise<T>): Promise<T> {
    this.running.add(work);
    const forget = () => void this.running.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** Resolves once none of it runs. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running);
  }
}
