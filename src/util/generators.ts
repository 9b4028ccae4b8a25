/** Resolves with the generator once its first item is there; rejects with what it throws before. */
export async function started<T, Return>(
  source: AsyncGenerator<T, Return, void>,
): Promise<Started<T, Return>> {
  return new Started(await source.next(), source);
}

/** Not a generator: `return()` on one that was never read skips its `finally` and would leave the source open. */
export class Started<T, Return> implements AsyncIterableIterator<T, Return, void> {
  constructor(
    private first: IteratorResult<T, Return> | undefined,
    private readonly source: AsyncGenerator<T, Return, void>,
  ) {}

  async next(): Promise<IteratorResult<T, Return>> {
    const item = this.first ?? (await this.source.next());
    this.first = undefined;
    return item;
  }

  return(): Promise<IteratorResult<T, Return>> {
    return this.source.return(undefined as never);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, Return, void> {
    return this;
  }
}
