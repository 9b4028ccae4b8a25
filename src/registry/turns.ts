import { AppError, ErrorCode } from '../errors.js';
import type { Lifetime } from '../lifetime.js';

/** More waiting for one thing than this are a caller's mistake. */
const MAX_WAITING = 32;

interface Turn {
  begin: () => void;
}

/** One at a time for each key, in order of arrival. */
export class Turns {
  /** The first of each queue has the turn. */
  private readonly queues = new Map<string, Turn[]>();

  constructor(private readonly maxWaitMs: number) {}

  /** Waits for the turn; gives back what ends it. Whoever leaves before leaves the queue. */
  async take(key: string, caller: Lifetime): Promise<() => void> {
    const queue = this.queues.get(key) ?? [];
    if (queue.length > MAX_WAITING) throw busy();
    this.queues.set(key, queue);
    const turn: Turn = { begin: () => undefined };
    queue.push(turn);
    const leave = () => this.leave(key, queue, turn);
    if (queue[0] === turn) return leave;
    try {
      await this.wait(turn, caller);
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  }

  private async wait(turn: Turn, caller: Lifetime): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const turnBegins = new Promise<void>((resolve, reject) => {
      turn.begin = resolve;
      timer = setTimeout(() => reject(busy()), this.maxWaitMs);
    });
    try {
      await caller.unlessOver(turnBegins);
    } finally {
      clearTimeout(timer);
    }
  }

  private leave(key: string, queue: Turn[], turn: Turn): void {
    const place = queue.indexOf(turn);
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
