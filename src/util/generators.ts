/** Resolves with the generator once its first item is there; rejects with what it throws before. */
export async function started<T, Return>(source: AsyncGenerator<T, Return, void>) {
  let first: IteratorResult<T, Return> | undefined = await source.next();
  // Not a generator: `return()` on one that was never read skips its `finally` and would leave the source open.
  return {
    async next(): Promise<IteratorResult<T, Return>> {
      const item = first ?? (await source.next());
      first = undefined;
      return item;
    },
    return: () => source.return(undefined as never),
    [Symbol.asyncIterator](): AsyncIterableIterator<T, Return, void> {
      return this;
    },
  };
}
