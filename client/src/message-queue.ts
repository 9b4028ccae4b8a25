import { networkError } from './errors.js';

/** Characters that wait for a consumer at most: a browser's WebSocket cannot be slowed down. */
const MAX_WAITING = 8_388_608;

/** What a producer pushes, for one consumer to iterate. */
export class MessageQueue<T> implements AsyncIterable<T> {
  private readonly waiting: { value: T; size: number }[] = [];
  private size = 0;
  private end: { error?: unknown } | undefined;
  private wake = () => {};

  /** `size` is the length of the message. A consumer that falls too far behind gets an error after what waits. */
  push(value: T, size: number): void {
    if (this.end) return;
    if (this.size + size > MAX_WAITING) {
      this.fail(networkError('The stream is read too slowly.'));
      return;
    }
    this.size += size;
    this.waiting.push({ value, size });
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

  /** Ends the iteration with an error at once, and drops what waits. */
  abort(error: unknown): void {
    this.waiting.length = 0;
    this.end = { error };
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (true) {
      for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
        this.size -= next.size;
        yield next.value;
      }
      if (this.end && 'error' in this.end) throw this.end.error;
      if (this.end) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}
