import { type Give, Pulled, Pushed } from '../src/pushed.js';

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
    const series = new Pushed<number>(async (give) => {
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
    const later = new Pushed(breaksOff);
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
    const series = new Pushed(three);
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

  it('can be iterated', async () => {
    const items: number[] = [];
    for await (const item of new Pushed(three)) items.push(item);
    expect(items).toEqual([1, 2, 3]);
  });
});

describe('a series that is pulled', () => {
  it('makes an item when it is asked for, none before', async () => {
    const made: number[] = [];
    const series = new Pulled<number>(async (give) => {
      for (const item of [1, 2]) {
        made.push(item);
        await give(item);
      }
    });
    expect(made).toEqual([]);
    expect(await series.next()).toEqual({ done: false, value: 1 });
    await new Promise(setImmediate);
    expect(made).toEqual([1]);
    expect(await series.next()).toEqual({ done: false, value: 2 });
    expect(await series.next()).toEqual({ done: true, value: undefined });
    expect(await series.next()).toEqual({ done: true, value: undefined });
  });

  it('throws to whoever asks when it breaks off, and is over then', async () => {
    const series = new Pulled(breaksOff);
    expect(await series.next()).toEqual({ done: false, value: 1 });
    await expect(series.next()).rejects.toThrow('broken');
    expect(await series.next()).toEqual({ done: true, value: undefined });
  });

  it.each([0, 1, 2])('ends the work of its maker when its reader leaves after %p items', async (count) => {
    let left = 0;
    let ended = 0;
    const series = new Pulled<number>(
      async (give) => {
        await three(give);
        ended += 1;
      },
      () => {
        left += 1;
      },
    );
    for (let item = 0; item < count; item++) await series.next();
    expect(await series.return()).toEqual({ done: true, value: undefined });
    expect([left, ended]).toEqual([1, count === 0 ? 0 : 1]);
    expect(await series.next()).toEqual({ done: true, value: undefined });
  });

  it('answers whoever still asks when the reader leaves', async () => {
    let end: () => void = () => undefined;
    const series = new Pulled<number>(
      () =>
        new Promise((resolve) => {
          end = resolve;
        }),
      () => end(),
    );
    const asked = series.next();
    await series.return();
    expect(await asked).toEqual({ done: true, value: undefined });
  });
});
