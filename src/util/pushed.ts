/**
 * Items that go from who makes them to who reads them in a call each: a chain of async generators would take several turns
 * of the microtask queue per generator and item, a ninth of all that a streamed chunk costs.
 */

/** Takes the next item. Where a promise comes back, the reader has no room for another one before it resolves. */
export type Give<T> = (item: T) => Promise<void> | undefined;

/** A series that begins before its reader comes: its maker waits with the first item. */
export class Pushed<T> implements AsyncIterable<T> {
  /** Resolves with the first item, or with the end of an empty series; rejects where it broke off before. */
  readonly begun: Promise<void>;
  private readonly ended: Promise<void>;
  private readonly taken: Promise<void>;
  private take: Give<T> | undefined;
  private onTaken: () => void = () => undefined;
  private onBegun: () => void = () => undefined;
  private isBegun = false;

  constructor(make: (series: Pushed<T>) => Promise<void>) {
    this.taken = new Promise((resolve) => {
      this.onTaken = resolve;
    });
    const begun = new Promise<void>((resolve) => {
      this.onBegun = resolve;
    });
    this.ended = make(this);
    this.begun = Promise.race([begun, this.ended]);
  }

  /** Whether there was an item. */
  get hasBegun(): boolean {
    return this.isBegun;
  }

  /** For its maker. */
  readonly give: Give<T> = (item) => {
    this.isBegun = true;
    if (this.take) return this.take(item);
    this.onBegun();
    return this.taken.then(() => this.take?.(item));
  };

  /** For its one reader; resolves after the last item, rejects where it broke off. */
  giveTo(take: Give<T>): Promise<void> {
    this.take = take;
    this.onTaken();
    return this.ended;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    const waiting: { item: T; onTaken: () => void }[] = [];
    let wake: () => void = () => undefined;
    let isOver = false;
    const ended = this.giveTo((item) => {
      if (isOver) return undefined;
      return new Promise<void>((onTaken) => {
        waiting.push({ item, onTaken });
        wake();
      });
    }).finally(() => {
      isOver = true;
      wake();
    });
    ended.catch(() => undefined);
    try {
      for (;;) {
        const next = waiting[0];
        if (next) {
          yield next.item;
          waiting.shift();
          next.onTaken();
        } else if (isOver) {
          return await ended;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      isOver = true;
      for (const { onTaken } of waiting) onTaken();
    }
  }
}
