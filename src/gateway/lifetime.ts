import { type AppError, reasonOf } from '../errors.js';
import { timedOut } from './errors.js';

/**
 * How long a call may go on: until its caller leaves or its total time is up. Plain callbacks, since an
 * AbortSignal for each call costs a third on top of all that a call does.
 */
export class Lifetime {
  private reason: AppError | undefined;
  private readonly watchers = new Set<(reason: AppError) => void>();
  private readonly timer: NodeJS.Timeout;
  private readonly onCallerLeft = () => this.finish(reasonOf(this.caller));

  constructor(
    private readonly caller: AbortSignal,
    totalTimeoutMs: number,
  ) {
    this.timer = setTimeout(() => this.finish(timedOut('to answer in full')), totalTimeoutMs);
    if (caller.aborted) this.onCallerLeft();
    else caller.addEventListener('abort', this.onCallerLeft, { once: true });
  }

  /** The error that the call ends in once it is over. */
  throwIfOver(): void {
    if (this.reason) throw this.reason;
  }

  /** Gives back what ends the watching. */
  watch(watcher: (reason: AppError) => void): () => void {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }

  /** Resolves after so many milliseconds, or earlier when it is over. */
  async wait(milliseconds: number): Promise<void> {
    let stop: () => void = () => undefined;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      const unwatch = this.watch(() => resolve());
      stop = () => {
        clearTimeout(timer);
        unwatch();
      };
    });
    stop();
  }

  /** The call is done: its time no longer runs. */
  end(): void {
    clearTimeout(this.timer);
    this.caller.removeEventListener('abort', this.onCallerLeft);
  }

  private finish(reason: AppError): void {
    if (this.reason) return;
    this.reason = reason;
    for (const watcher of this.watchers) watcher(reason);
  }
}
