import { setImmediate as nextRound } from 'node:timers/promises';
import { cancelled } from '../../src/errors.js';
import { Lifetime } from '../../src/lifetime.js';
import { Turns } from '../../src/registry/turns.js';

const still = new Lifetime();

describe('turns', () => {
  it('come one at a time and in order of arrival', async () => {
    const turns = new Turns(60_000);
    const order: number[] = [];
    const takers = [1, 2, 3].map(async (number) => {
      const end = await turns.take('a', still);
      order.push(number);
      await nextRound();
      order.push(-number);
      end();
    });
    await Promise.all(takers);
    expect(order).toEqual([1, -1, 2, -2, 3, -3]);
  });

  it('of different keys do not wait for each other', async () => {
    const turns = new Turns(60_000);
    await turns.take('a', still);
    await turns.take('b', still);
  });

  it('pass over whoever has left the queue', async () => {
    const turns = new Turns(60_000);
    const end = await turns.take('a', still);
    const caller = new Lifetime();
    const left = turns.take('a', caller);
    const next = turns.take('a', still);
    caller.end(cancelled());
    await expect(left).rejects.toMatchObject({ code: 'CANCELLED' });
    end();
    await next;
  });

  it('are refused to who has left already', async () => {
    const turns = new Turns(60_000);
    const end = await turns.take('a', still);
    const left = new Lifetime();
    left.end(cancelled());
    await expect(turns.take('a', left)).rejects.toMatchObject({ code: 'CANCELLED' });
    end();
    await turns.take('a', still);
  });

  it('end once only, however often they are ended', async () => {
    const turns = new Turns(60_000);
    const end = await turns.take('a', still);
    const second = turns.take('a', still);
    end();
    end();
    await second;
    const caller = new Lifetime();
    const third = turns.take('a', caller).then(
      () => 'began',
      () => 'left',
    );
    await nextRound();
    expect(await Promise.race([third, nextRound('waits')])).toBe('waits');
    caller.end(cancelled());
    expect(await third).toBe('left');
  });

  it('are not waited for without end, nor by too many', async () => {
    const impatient = new Turns(10);
    await impatient.take('a', still);
    await expect(impatient.take('a', still)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    const crowded = new Turns(60_000);
    const callers = Array.from({ length: 33 }, () => new Lifetime());
    const waiting = callers.map((caller) => crowded.take('a', caller));
    await expect(crowded.take('a', still)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    for (const caller of callers) caller.end(cancelled());
    await Promise.allSettled(waiting);
  });
});
