import { randomUUID } from 'node:crypto';
import { AppError, ErrorCode } from '../errors.js';

/** Slots for streams, shared by several processes. A process renews its slots, so that those of a killed process expire. */
export interface SharedStreams {
  /** Returns false if the caller already has `max` open streams. */
  acquire(callerId: string, streamId: string, max: number): Promise<boolean>;
  release(callerId: string, streamId: string): Promise<void>;
  close(): void;
}

/** Milliseconds until a slot expires, and between two renewals. */
export const SLOT_MS = 15_000;
export const RENEW_MS = 5_000;

/** Limits the open streams of each caller. */
export class OpenStreams {
  private readonly open = new Map<string, number>();

  /** `shared` is undefined for a single process. */
  constructor(
    private readonly maxPerCaller: number,
    private readonly shared?: SharedStreams,
  ) {}

  /** The open streams of this process. */
  get count(): number {
    return [...this.open.values()].reduce((sum, one) => sum + one, 0);
  }

  /** Returns the function that releases the slot; throws RATE_LIMITED if the caller has too many streams. */
  async acquire(callerId: string): Promise<() => void> {
    if (this.countOf(callerId) >= this.maxPerCaller) throw this.tooMany();
    const streamId = randomUUID();
    this.open.set(callerId, this.countOf(callerId) + 1);
    // While the store is unavailable, each process counts on its own.
    const isAcquired = await this.shared?.acquire(callerId, streamId, this.maxPerCaller).catch(() => true);
    if (isAcquired === false) {
      this.decrement(callerId);
      throw this.tooMany();
    }
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.decrement(callerId);
      // A slot that cannot be released now expires, since it is no longer renewed.
      this.shared?.release(callerId, streamId).catch(() => undefined);
    };
  }

  private countOf(callerId: string): number {
    return this.open.get(callerId) ?? 0;
  }

  private decrement(callerId: string): void {
    const count = this.countOf(callerId);
    if (count > 1) this.open.set(callerId, count - 1);
    else this.open.delete(callerId);
  }

  private tooMany(): AppError {
    const message = `At most ${this.maxPerCaller} streams may be open at once. Close one, then try again.`;
    return new AppError(ErrorCode.RATE_LIMITED, message, { retryAfter: 1 });
  }
}
