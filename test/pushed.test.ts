import { type Give, Pushed } from '../src/util/pushed.js';

const three = async (give: Give<number>) => {
  for (const item of [1, 2, 3]) await give(item);
};
const breaksOff = async (give: Give<number>) => {
  await give(1);
  throw new Error('broken');
};

describe('a series that is pushed', () => {
  it('has begun with its first item, and gives all of them to the reader who comes later', async () => {
    const made: number[] = [];
    const series = new Pushed<number>(async ({ give }) => {
      for (const item of [1, 2, 3]) {
        made.push(item);
        await give(item);
      }
    });
    await series.begun;
    expect(made).toEqual([1]);
    const items: number[] = [];
    await series.giveTo((item) => void items.push(item));
    expect(items).toEqual([1, 2, 3]);
  });

  it('says at its beginning that it broke off before, and at its end that it did later', async () => {
    const never = new Pushed<number>(async () => Promise.reject(new Error('at once')));
    await expect(never.begun).rejects.toThrow('at once');
    const later = new Pushed<number>(({ give }) => breaksOff(give));
    await later.begun;
    const items: number[] = [];
    await expect(later.giveTo((item) => void items.push(item))).rejects.toThrow('broken');
    expect(items).toEqual([1]);
  });

  it('has begun at its end where it is empty', async () => {
    const series = new Pushed<number>(async () => undefined);
    await series.begun;
    await series.giveTo(() => {
      throw new Error('there is nothing to take');
    });
  });

  it('waits while its reader is full', async () => {
    const series = new Pushed<number>(({ give }) => three(give));
    const room: (() => void)[] = [];
    const items: number[] = [];
    const all = series.giveTo((item) => {
      items.push(item);
      return new Promise((resolve) => room.push(resolve));
    });
    for (const taken of [[1], [1, 2], [1, 2, 3]]) {
      await new Promise(setImmediate);
      expect(items).toEqual(taken);
      room.pop()?.();
    }
    await all;
  });
});
