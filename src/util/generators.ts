/** Resolves with the generator once its first item is there; rejects with what it throws before. */
export async function started<T, Return>(
  generator: AsyncGenerator<T, Return, void>,
): Promise<AsyncGenerator<T, Return, void>> {
  let first: IteratorResult<T, Return> | undefined = await generator.next();
  const next = generator.next.bind(generator);
  generator.next = async () => {
    const item = first ?? next();
    first = undefined;
    return item;
  };
  return generator;
}

/** Calls `abort` as soon as the generator is closed. By itself it would first wait for the item that it is about to yield. */
export function abortedOnReturn<T, Return>(
  generator: AsyncGenerator<T, Return, void>,
  abort: () => void,
): AsyncGenerator<T, Return, void> {
  const close = generator.return.bind(generator);
  generator.return = (value) => {
    abort();
    return close(value);
  };
  return generator;
}
