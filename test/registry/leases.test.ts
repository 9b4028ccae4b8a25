import { pino } from 'pino';
import { cancelled } from '../../src/errors.js';
import { Lifetime, LimitedLifetime } from '../../src/lifetime.js';
import { Leases } from '../../src/registry/leases.js';
import { openStore } from '../../src/registry/open-store.js';
import { eventually } from '../support/eventually.js';

const still = new Lifetime();
const leavesAfter = (milliseconds: number) => new LimitedLifetime([], milliseconds, cancelled);

const RENEWED = { leaseMs: 60_000, renewMs: 10 };
const NOT_RENEWED = { leaseMs: 50, renewMs: 60_000 };

/** Two processes on one store, as far as leases can tell. */
function twoProcesses({ maxWaitMs = 60_000, first = RENEWED } = {}) {
  const store = openStore('sqlite::memory:', pino({ level: 'silent' }));
  const leases = (times: typeof RENEWED) => new Leases({ store, maxWaitMs, ...times });
  return { store, one: leases(first), two: leases(RENEWED) };
}

describe('a lease', () => {
  it('is held by one process at a time until it is released', async () => {
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

  it('is held in order of arrival, whichever process is asked', async () => {
    const { one, two, store } = twoProcesses();
    const order: number[] = [];
    const takers = [one, one, two, one, two, two, one, one].map(async (leases, place) => {
      const lease = await leases.take('a', still);
      order.push(place);
      await lease.release();
    });
    await Promise.all(takers);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    await store.close();
  });

  it('is not delayed by a waiter that has left the queue', async () => {
    const { one, two, store } = twoProcesses();
    const held = await one.take('a', still);
    const leaving = new Lifetime();
    const left = two.take('a', leaving);
    const next = one.take('a', still);
    leaving.end(cancelled());
    await expect(left).rejects.toMatchObject({ code: 'CANCELLED' });
    await held.release();
    await (await next).release();
    await store.close();
  });

  it('is taken over when its holder does not renew it, and the old holder cannot release it', async () => {
    const { one, two, store } = twoProcesses({ first: NOT_RENEWED });
    const stuck = await one.take('a', still);
    const next = await two.take('a', still);
    await stuck.release();
    const third = two.take('a', leavesAfter(200));
    await expect(third).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(next.lifetime.isOver).toBe(false);
    await next.release();
    await store.close();
  });

  it('ends its holder’s work once another holds it', async () => {
    const { one, store } = twoProcesses();
    const tokens: string[] = [];
    const { takeLease } = store;
    store.takeLease = (name, token, ttlMs) => {
      tokens.push(token);
      return takeLease(name, token, ttlMs);
    };
    const held = await one.take('a', still);
    // As after a pause of the process that holds it.
    await store.endLease('a', tokens[0] ?? '');
    await eventually(() => held.lifetime.isOver);
    await expect(held.lifetime.unlessOver(Promise.resolve())).rejects.toMatchObject({
      code: 'INTERNAL_SERVER_ERROR',
      retryable: true,
    });
    await held.release();
    await store.close();
  });

  it('is renewed while it is held', async () => {
    const { one, store } = twoProcesses();
    const renewals: boolean[] = [];
    const { renewLease } = store;
    store.renewLease = async (...lease) => {
      const isHeld = await renewLease.apply(store, lease);
      renewals.push(isHeld);
      return isHeld;
    };
    const held = await one.take('a', still);
    await eventually(() => renewals.length > 2);
    expect(held.lifetime.isOver).toBe(false);
    await held.release();
    expect(renewals).not.toContain(false);
    await store.close();
  });

  it('is waited for no longer than maxWaitMs', async () => {
    const { one, two, store } = twoProcesses({ maxWaitMs: 50 });
    const held = await one.take('a', still);
    await expect(two.take('a', still)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await held.release();
    await store.close();
  });
});
