/**
 * Items that go from who makes them to who reads them in a call each: a chain of async generators would take several turns
 * of the microtask queue per generator and item, a ninth of all that a streamed chunk costs.
 */

/** Takes the next item. Where a promise comes back, the reader has no room for another one before it resolves. */
export type Give<T> = (item: T) => Promise<void> | undefined;

/** Makes a series of items, one by one; resolves after the last. */
export type Make<T> = (give: Give<T>) => Promise<void>;

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

  /** graphql-js takes for a series only what has this; nobody calls it. */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    throw new Error('This series is read by giveTo.');
  }
}

/**
 * A series as an iterator, for whoever drives it that way: it begins when it is asked, gives its items to `give`, yields none, and is
 * done after the last.
 */
export class Driven<T> implements AsyncIterableIterator<never, void, void> {
  private ended: Promise<void> | undefined;
  private isOver = false;

  /** `leave`: ends the maker's work, as nobody wants more. */
  constructor(
    private readonly make: Make<T>,
    private readonly give: Give<T>,
    private readonly leave: () => void,
  ) {}

  async next(): Promise<IteratorResult<never, void>> {
    if (this.isOver) return END;
    this.ended ??= this.make((item) => (this.isOver ? undefined : this.give(item)));
    try {
      await this.ended;
    } finally {
      this.isOver = true;
    }
    return END;
  }

  async return(): Promise<IteratorResult<never, void>> {
    this.isOver = true;
    this.leave();
    await this.ended?.catch(() => undefined);
    return END;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const END: IteratorReturnResult<void> = { done: true, value: undefined };
