import { pino } from 'pino';
import { cancelled } from '../../src/errors.js';
import { Lifetime, LimitedLifetime } from '../../src/lifetime.js';
import { LEASE_MS, Leases } from '../../src/registry/leases.js';
import { openStore } from '../../src/registry/open-store.js';
import { eventually } from '../support/eventually.js';
import { NOON } from '../support/server.js';

const still = new Lifetime();
const leavesAfter = (milliseconds: number) => new LimitedLifetime([], milliseconds, cancelled);

/** Two processes on one store, as far as leases can tell, and a clock that they share. */
function twoProcesses(maxWaitMs = 60_000) {
  const store = openStore('sqlite::memory:', pino({ level: 'silent' }));
  const clock = { now: NOON };
  const leases = () => new Leases({ store, now: () => clock.now, maxWaitMs, renewMs: 10 });
  return { store, clock, one: leases(), two: leases() };
}

describe('a lease', () => {
  it('is held by one process at a time, and passes on when it is released', async () => {
    const { one, two, store } = twoProcesses();
    const held = await one.take('a', still);
    let taken = false;
    const waiting = two.take('a', still).then((lease) => {
      taken = true;
      return lease;
    });
    const other = await two.take('b', still);
    expect(taken).toBe(false);
    await held.release();
    const second = await waiting;
    expect(held.lifetime.isOver).toBe(false);
    await second.release();
    await other.release();
    await store.close();
  });

  it('is taken over when its holder gives no sign of life, who hears of it and cannot take it back', async () => {
    const { one, two, clock, store } = twoProcesses();
    const stuck = await one.take('a', still);
    // Past its end at once, as after a long pause of the process that holds it.
    clock.now += LEASE_MS;
    const next = await two.take('a', still);
    await eventually(() => stuck.lifetime.isOver);
    await expect(stuck.lifetime.unlessOver(Promise.resolve())).rejects.toMatchObject({
      code: 'INTERNAL_SERVER_ERROR',
      retryable: true,
    });
    await stuck.release();
    const third = two.take('a', leavesAfter(200));
    await expect(third).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(next.lifetime.isOver).toBe(false);
    await next.release();
    await store.close();
  });

  it('is renewed while it is held', async () => {
    const { one, two, clock, store } = twoProcesses();
    const held = await one.take('a', still);
    for (let round = 0; round < 5; round++) {
      clock.now += LEASE_MS - 1;
      // Until the holder has said again, by the clock of now, that it lives.
      while ((await store.value('lease:a', clock.now + LEASE_MS - 1)) === null)
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await expect(two.take('a', leavesAfter(100))).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(held.lifetime.isOver).toBe(false);
    await held.release();
    await store.close();
  });

  it('is not waited for without end', async () => {
    const { one, two, store } = twoProcesses(50);
    const held = await one.take('a', still);
    await expect(two.take('a', still)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await held.release();
    await store.close();
  });
});
