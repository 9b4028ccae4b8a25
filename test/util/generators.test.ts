import { started } from '../../src/util/generators.js';

async function* count(to: number, onEnd: () => void = () => undefined): AsyncGenerator<number, string, void> {
  try {
    for (let number = 1; number <= to; number++) yield number;
    return 'done';
  } finally {
    onEnd();
  }
}

describe('a generator that is started', () => {
  it.each([0, 1, 3])('yields all of its %p items and its return value', async (to) => {
    const generator = await started(count(to));
    const items = [];
    let item = await generator.next();
    for (; !item.done; item = await generator.next()) items.push(item.value);
    expect(items).toHaveLength(to);
    expect(item.value).toBe('done');
  });

  it('rejects with what it throws before its first item', async () => {
    // biome-ignore lint/correctness/useYield: it fails before
    const failing = (async function* () {
      throw new Error('failed');
    })();
    await expect(started(failing)).rejects.toThrow('failed');
  });

  it('runs its finally blocks where it is closed before the first item is taken', async () => {
    let hasEnded = false;
    const generator = await started(
      count(3, () => {
        hasEnded = true;
      }),
    );
    await generator.return();
    expect(hasEnded).toBe(true);
  });
});
