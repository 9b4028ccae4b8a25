import { Driven, type Give, type Make, Pushed } from '../src/util/pushed.js';

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

/** The series, and the items that it has given on. */
function driven(make: Make<number>, leave: () => void = () => undefined) {
  const items: number[] = [];
  return { items, series: new Driven<number>(make, (item) => void items.push(item), leave) };
}

describe('a series that an iterator drives', () => {
  it('begins when it is asked, gives its items on, and is done after the last', async () => {
    const { series, items } = driven(three);
    await new Promise(setImmediate);
    expect(items).toEqual([]);
    for await (const item of series) throw new Error(`it yields ${item}`);
    expect(items).toEqual([1, 2, 3]);
    expect(await series.next()).toEqual({ done: true, value: undefined });
    expect(items).toEqual([1, 2, 3]);
  });

  it('is made once, however often it is asked meanwhile', async () => {
    const { series, items } = driven(three);
    await Promise.all([series.next(), series.next()]);
    expect(items).toEqual([1, 2, 3]);
  });

  it('throws to whoever drives it when it breaks off, and is over then', async () => {
    const { series, items } = driven(breaksOff);
    await expect(series.next()).rejects.toThrow('broken');
    expect(items).toEqual([1]);
    expect(await series.next()).toEqual({ done: true, value: undefined });
  });

  it('ends the work of its maker when it is left, and gives nothing on from then', async () => {
    let left: () => void = () => undefined;
    const hasLeft = new Promise<void>((resolve) => {
      left = resolve;
    });
    let isMade = false;
    const make = async (give: Give<number>) => {
      await give(1);
      await hasLeft;
      await give(2);
      isMade = true;
    };
    const { series, items } = driven(make, left);
    const asked = series.next();
    await new Promise(setImmediate);
    expect(await series.return()).toEqual({ done: true, value: undefined });
    expect([items, isMade]).toEqual([[1], true]);
    expect(await asked).toEqual({ done: true, value: undefined });
    expect(await series.next()).toEqual({ done: true, value: undefined });
  });

  it('never begins where it is left before', async () => {
    let left = 0;
    const { series, items } = driven(breaksOff, () => void left++);
    expect(await series.return()).toEqual({ done: true, value: undefined });
    expect(await series.next()).toEqual({ done: true, value: undefined });
    expect([items, left]).toEqual([[], 1]);
  });
});
