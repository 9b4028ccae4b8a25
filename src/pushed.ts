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

  constructor(make: Make<T>) {
    this.taken = new Promise((resolve) => {
      this.onTaken = resolve;
    });
    let onFirst: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      onFirst = resolve;
    });
    this.ended = make((item) => {
      if (this.take) return this.take(item);
      onFirst();
      return this.taken.then(() => this.take?.(item));
    });
    this.begun = Promise.race([first, this.ended]);
  }

  /** For its one reader; resolves after the last item, rejects where it broke off. */
  giveTo(take: Give<T>): Promise<void> {
    this.take = take;
    this.onTaken();
    return this.ended;
  }

  [Symbol.asyncIterator](): Pulled<T> {
    return new Pulled((give) => this.giveTo(give));
  }
}

/** A series for a reader that asks for each item; it begins with the first that is asked for. */
export class Pulled<T> implements AsyncIterableIterator<T, void, void> {
  private ended: Promise<void> | undefined;
  private isOver = false;
  private asked:
    | { resolve: (result: IteratorResult<T, void>) => void; reject: (error: unknown) => void }
    | undefined;
  private goOn: () => void = () => undefined;

  /** `leave`: ends the maker's work, as the reader has left. */
  constructor(
    private readonly make: Make<T>,
    private readonly leave: () => void = () => undefined,
  ) {}

  next(): Promise<IteratorResult<T, void>> {
    if (this.isOver) return Promise.resolve(END);
    return new Promise((resolve, reject) => {
      this.asked = { resolve, reject };
      if (this.ended) this.goOn();
      else this.begin();
    });
  }

  async return(): Promise<IteratorResult<T, void>> {
    this.isOver = true;
    this.leave();
    this.goOn();
    await this.ended;
    return END;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private begin(): void {
    const finish = () => {
      this.isOver = true;
      this.asked?.resolve(END);
    };
    const fail = (error: unknown) => {
      this.isOver = true;
      this.asked?.reject(error);
    };
    this.ended = this.make((value) => this.give(value)).then(finish, fail);
  }

  private give(value: T): Promise<void> | undefined {
    if (this.isOver) return undefined;
    this.asked?.resolve({ done: false, value });
    this.asked = undefined;
    return new Promise((resolve) => {
      this.goOn = resolve;
    });
  }
}

const END: IteratorReturnResult<void> = { done: true, value: undefined };
