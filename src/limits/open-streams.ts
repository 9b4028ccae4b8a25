import { randomUUID } from 'node:crypto';
import { AppError, ErrorCode } from '../errors.js';

/** The streams of all processes that share a store. */
export interface SharedStreams {
  /** Counts the stream, unless the caller has so many already; whether it did. */
  take(callerId: string, streamId: string, max: number): Promise<boolean>;
  release(callerId: string, streamId: string): Promise<void>;
}

/** Counts the streams that each caller has open. */
export class OpenStreams {
  private readonly open = new Map<string, number>();

  /** `shared`: undefined where this process has no other beside it. */
  constructor(
    private readonly maxPerCaller: number,
    private readonly shared?: SharedStreams,
  ) {}

  /** In this process. */
  get count(): number {
    return [...this.open.values()].reduce((sum, one) => sum + one, 0);
  }

  /** Gives back what ends the stream's being counted; throws RATE_LIMITED where there are too many. */
  async take(callerId: string): Promise<() => void> {
    if (this.countOf(callerId) >= this.maxPerCaller) throw this.tooMany();
    const streamId = randomUUID();
    this.open.set(callerId, this.countOf(callerId) + 1);
    // While the store is away each process counts for itself.
    const isTaken = await this.shared?.take(callerId, streamId, this.maxPerCaller).catch(() => true);
    if (isTaken === false) {
      this.release(callerId);
      throw this.tooMany();
    }
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.release(callerId);
      // What cannot be taken back now ends by itself, since it is not renewed.
      this.shared?.release(callerId, streamId).catch(() => undefined);
    };
  }

  private countOf(callerId: string): number {
    return this.open.get(callerId) ?? 0;
  }

  private release(callerId: string): void {
    const count = this.countOf(callerId);
    if (count > 1) this.open.set(callerId, count - 1);
    else this.open.delete(callerId);
  }

  private tooMany(): AppError {
    const message = `At most ${this.maxPerCaller} streams may be open at once. End one, then try again.`;
    return new AppError(ErrorCode.RATE_LIMITED, message, { retryAfter: 1 });
  }
}
