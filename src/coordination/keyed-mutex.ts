import { AppError, ErrorCode } from '../errors.js';
import { unlessAborted } from '../util/abort.js';

/** A longer queue for one key is a client's mistake. */
const MAX_WAITING = 32;

interface Waiter {
  grant: () => void;
}

/** A mutex for each key within this process; waiters get the lock in order of arrival. */
export class KeyedMutex {
  /** The first of each queue holds the lock. */
  private readonly queues = new Map<string, Waiter[]>();

  constructor(private readonly maxWaitMs: number) {}

  /** Resolves with the function that releases the lock. Joins the queue synchronously; leaves it if the signal aborts. */
  async lock(key: string, signal: AbortSignal): Promise<() => void> {
    const queue = this.queues.get(key) ?? [];
    if (queue.length > MAX_WAITING) throw tooManyWaiting();
    this.queues.set(key, queue);
    const waiter: Waiter = { grant: () => undefined };
    queue.push(waiter);
    const release = () => this.release(key, queue, waiter);
    if (queue[0] === waiter) return release;
    try {
      await this.wait(waiter, signal);
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  private async wait(waiter: Waiter, signal: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const granted = new Promise<void>((resolve, reject) => {
      waiter.grant = resolve;
      timer = setTimeout(() => reject(tooManyWaiting()), this.maxWaitMs);
    });
    try {
      await unlessAborted(signal, granted);
    } finally {
      clearTimeout(timer);
    }
  }

  private release(key: string, queue: Waiter[], waiter: Waiter): void {
    const index = queue.indexOf(waiter);
    if (index === -1) return;
    queue.splice(index, 1);
    if (queue.length === 0) this.queues.delete(key);
    else if (index === 0) queue[0]?.grant();
  }
}

export function tooManyWaiting(): AppError {
  const message = 'Too many requests are waiting for this context or key, or for too long. Try again later.';
  return new AppError(ErrorCode.RATE_LIMITED, message);
}
