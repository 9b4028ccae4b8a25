import type { AppError } from '../errors.js';

type Watcher = (reason: AppError) => void;

/**
 * How long work may go on: until whoever it is for leaves, its time is up, or what it builds on is lost. Plain callbacks cost
 * less than an AbortSignal for each request and another for each call.
 */
export class Lifetime {
  private reason: AppError | undefined;
  private readonly watchers: Watcher[] = [];

  get isOver(): boolean {
    return this.reason !== undefined;
  }

  /** The error that the work ends in once it is over. */
  throwIfOver(): void {
    if (this.reason) throw this.reason;
  }

  /** Told at once where it is over, and once only. Gives back what ends the watching. */
  watch(watcher: Watcher): () => void {
    if (this.reason) {
      watcher(this.reason);
      return () => undefined;
    }
    this.watchers.push(watcher);
    return () => this.unwatch(watcher);
  }

  /** The first reason holds. */
  end(reason: AppError): void {
    if (this.reason) return;
    this.reason = reason;
    // One that a watcher before it has ended is not told.
    for (let next = this.watchers.shift(); next; next = this.watchers.shift()) next(reason);
  }

  private unwatch(watcher: Watcher): void {
    const place = this.watchers.indexOf(watcher);
    if (place !== -1) this.watchers.splice(place, 1);
  }

  /** Resolves after so many milliseconds, or earlier when it is over. */
  async wait(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        unwatch();
        resolve();
      }, milliseconds);
      const unwatch = this.watch(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** What the work comes to; rejects once it is over before that. */
  async unlessOver<T>(work: Promise<T>): Promise<T> {
    let unwatch: () => void = () => undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        unwatch = this.watch(reject);
        work.then(resolve, reject);
      });
    } finally {
      unwatch();
    }
  }
}

/** One that ends with any of others, and when its time is up. */
export class LimitedLifetime extends Lifetime {
  private readonly leave: readonly (() => void)[];
  private readonly timer: NodeJS.Timeout;

  constructor(within: readonly Lifetime[], longestMs: number, timedOut: () => AppError) {
    super();
    this.timer = setTimeout(() => this.end(timedOut()), longestMs);
    this.leave = within.map((other) => other.watch((reason) => this.end(reason)));
  }

  /** The work is done: nothing is waited for any more. */
  done(): void {
    clearTimeout(this.timer);
    for (const leave of this.leave) leave();
  }
}
