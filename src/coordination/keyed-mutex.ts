import { AppError, ErrorCode } from '../errors.js';
import { unlessAborted } from '../util/abort.js';

/** More waiting for one key than this are a caller's mistake. */
const MAX_WAITING = 32;

interface Waiter {
  begin: () => void;
}

/** One holder at a time for each key within this process, in order of arrival. */
export class KeyedMutex {
  /** The first of each queue is the holder. */
  private readonly queues = new Map<string, Waiter[]>();

  constructor(private readonly maxWaitMs: number) {}

  /** Waits for the lock and returns its release; joins the queue before it returns. An aborted caller leaves the queue. */
  async lock(key: string, signal: AbortSignal): Promise<() => void> {
    const queue = this.queues.get(key) ?? [];
    if (queue.length > MAX_WAITING) throw busy();
    this.queues.set(key, queue);
    const waiter: Waiter = { begin: () => undefined };
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
    const begun = new Promise<void>((resolve, reject) => {
      waiter.begin = resolve;
      timer = setTimeout(() => reject(busy()), this.maxWaitMs);
    });
    try {
      await unlessAborted(signal, begun);
    } finally {
      clearTimeout(timer);
    }
  }

  private release(key: string, queue: Waiter[], waiter: Waiter): void {
    const place = queue.indexOf(waiter);
    if (place === -1) return;
    queue.splice(place, 1);
    if (queue.length === 0) this.queues.delete(key);
    else if (place === 0) queue[0]?.begin();
  }
}

export function busy(): AppError {
  const message = 'Too many requests wait for their turn on this. Wait for their answers, then try again.';
  return new AppError(ErrorCode.RATE_LIMITED, message);
}
