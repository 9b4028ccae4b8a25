import { setImmediate as nextRound } from 'node:timers/promises';
import { KeyedMutex } from '../../src/coordination/keyed-mutex.js';
import { cancelled } from '../../src/errors.js';

const still = new AbortController().signal;

describe('a keyed mutex', () => {
  it('has one holder at a time, in order of arrival', async () => {
    const mutex = new KeyedMutex(60_000);
    const order: number[] = [];
    const takers = [1, 2, 3].map(async (number) => {
      const end = await mutex.lock('a', still);
      order.push(number);
      await nextRound();
      order.push(-number);
      end();
    });
    await Promise.all(takers);
    expect(order).toEqual([1, -1, 2, -2, 3, -3]);
  });

  it('locks different keys independently', async () => {
    const mutex = new KeyedMutex(60_000);
    await mutex.lock('a', still);
    await mutex.lock('b', still);
  });

  it('skips a caller who has left the queue', async () => {
    const mutex = new KeyedMutex(60_000);
    const end = await mutex.lock('a', still);
    const caller = new AbortController();
    const left = mutex.lock('a', caller.signal);
    const next = mutex.lock('a', still);
    caller.abort(cancelled());
    await expect(left).rejects.toMatchObject({ code: 'CANCELLED' });
    end();
    await next;
  });

  it('refuses a caller who has already disconnected', async () => {
    const mutex = new KeyedMutex(60_000);
    const end = await mutex.lock('a', still);
    const left = new AbortController();
    left.abort(cancelled());
    await expect(mutex.lock('a', left.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    end();
    await mutex.lock('a', still);
  });

  it('is released once, however often release is called', async () => {
    const mutex = new KeyedMutex(60_000);
    const end = await mutex.lock('a', still);
    const second = mutex.lock('a', still);
    end();
    end();
    await second;
    const caller = new AbortController();
    const third = mutex.lock('a', caller.signal).then(
      () => 'began',
      () => 'left',
    );
    await nextRound();
    expect(await Promise.race([third, nextRound('waits')])).toBe('waits');
    caller.abort(cancelled());
    expect(await third).toBe('left');
  });

  it('limits the waiting time and the queue', async () => {
    const impatient = new KeyedMutex(10);
    await impatient.lock('a', still);
    await expect(impatient.lock('a', still)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    const crowded = new KeyedMutex(60_000);
    const callers = Array.from({ length: 33 }, () => new AbortController());
    const waiting = callers.map((caller) => crowded.lock('a', caller.signal));
    await expect(crowded.lock('a', still)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    for (const caller of callers) caller.abort(cancelled());
    await Promise.allSettled(waiting);
  });
});
