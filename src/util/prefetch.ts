/** A generator whose first result has come; what breaks before that is thrown here. */
export async function prefetch<T, TReturn>(
  source: AsyncGenerator<T, TReturn, undefined>,
): Promise<Prefetched<T, TReturn>> {
  return new Prefetched(await source.next(), source);
}

/** A class and no generator: `return()` on a generator that was never read would leave the source open. */
class Prefetched<T, TReturn> implements AsyncIterableIterator<T, TReturn, undefined> {
  constructor(
    private first: IteratorResult<T, TReturn> | undefined,
    private readonly source: AsyncGenerator<T, TReturn, undefined>,
  ) {}

  async next(): Promise<IteratorResult<T, TReturn>> {
    const result = this.first ?? (await this.source.next());
    this.first = undefined;
    return result;
  }

  return(value: TReturn): Promise<IteratorResult<T, TReturn>> {
    return this.source.return(value);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
