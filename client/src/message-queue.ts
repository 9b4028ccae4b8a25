/** What a producer pushes, for one consumer to iterate. */
export class MessageQueue<T> implements AsyncIterable<T> {
  private readonly waiting: T[] = [];
  private end: { error?: unknown } | undefined;
  private wake = () => {};

  push(value: T): void {
    this.waiting.push(value);
    this.wake();
  }

  /** Ends the iteration after the values pushed so far. */
  complete(): void {
    this.end ??= {};
    this.wake();
  }

  /** Ends the iteration with an error, after the values pushed so far. */
  fail(error: unknown): void {
    this.end ??= { error };
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (true) {
      while (this.waiting.length > 0) yield this.waiting.shift() as T;
      if (this.end && 'error' in this.end) throw this.end.error;
      if (this.end) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}
