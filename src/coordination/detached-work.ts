/** Work that continues after its client has disconnected, because others wait for it or may ask for its result again. */
export class DetachedWork {
  private readonly running = new Set<Promise<unknown>>();

  /** Makes the server wait for this work before it exits. */
  track<T>(work: Promise<T>): Promise<T> {
    this.running.add(work);
    const forget = () => void this.running.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** Resolves when all of it has settled. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running);
  }
}
