import { AppError, ErrorCode } from '../errors.js';

/** Counts the streams that each caller has open. */
export class OpenStreams {
  private readonly open = new Map<string, number>();

  constructor(private readonly maxPerCaller: number) {}

  get count(): number {
    return [...this.open.values()].reduce((sum, one) => sum + one, 0);
  }

  /** Gives back what ends the stream's being counted; throws RATE_LIMITED where there are too many. */
  take(callerId: string): () => void {
    const count = this.open.get(callerId) ?? 0;
    if (count >= this.maxPerCaller) {
      const message = `At most ${this.maxPerCaller} streams may be open at once. End one, then try again.`;
      throw new AppError(ErrorCode.RATE_LIMITED, message);
    }
    this.open.set(callerId, count + 1);
    let isOpen = true;
    return () => {
      if (isOpen) this.release(callerId);
      isOpen = false;
    };
  }

  private release(callerId: string): void {
    const count = this.open.get(callerId) ?? 0;
    if (count > 1) this.open.set(callerId, count - 1);
    else this.open.delete(callerId);
  }
}
