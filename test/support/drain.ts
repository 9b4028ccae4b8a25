/** Reads a stream to its end, one item at a time; resolves with what it returns. */
export async function drain<T, Return>(
  stream: AsyncGenerator<T, Return, void>,
  take: (item: T) => unknown = () => undefined,
): Promise<Return> {
  for (;;) {
    const { done, value } = await stream.next();
    if (done) return value;
    await take(value);
  }
}
