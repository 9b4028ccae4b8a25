import { pino } from 'pino';
import { Leases } from '../../src/coordination/leases.js';
import { cancelled } from '../../src/errors.js';
import { openStore } from '../../src/store/open-store.js';
import { unlessAborted } from '../../src/util/abort.js';
import { eventually } from '../support/eventually.js';

const still = new AbortController().signal;

function leavesAfter(milliseconds: number): AbortSignal {
  const caller = new AbortController();
  setTimeout(() => caller.abort(cancelled()), milliseconds);
  return caller.signal;
}

const RENEWED = { leaseMs: 60_000, renewMs: 10 };
const NOT_RENEWED = { leaseMs: 50, renewMs: 60_000 };

/** Two processes on one store, as far as leases can tell. */
function twoProcesses({ maxWaitMs = 60_000, first = RENEWED } = {}) {
  const store = openStore('sqlite::memory:', pino({ level: 'silent' }));
  const leases = (times: typeof RENEWED) => new Leases({ store, maxWaitMs, ...times });
  return { store, one: leases(first), two: leases(RENEWED) };
}

describe('a lease', () => {
  it('is held by one process at a time and passes to the next when released', async () => {
    const { one, two, store } = twoProcesses();
    const held = await one.acquire('a', still);
    let taken = false;
    const waiting = two.acquire('a', still).then((lease) => {
      taken = true;
      return lease;
    });
    const other = await two.acquire('b', still);
    expect(taken).toBe(false);
    await held.release();
    const second = await waiting;
    expect(held.signal.aborted).toBe(false);
    await second.release();
    await other.release();
    await store.close();
  });

  it('is held in order of arrival across processes', async () => {
    const { one, two, store } = twoProcesses();
    const order: number[] = [];
    const takers = [one, one, two, one, two, two, one, one].map(async (leases, place) => {
      const lease = await leases.acquire('a', still);
      order.push(place);
      await lease.release();
    });
    await Promise.all(takers);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    await store.close();
  });

  it('skips a caller who has left the queue', async () => {
    const { one, two, store } = twoProcesses();
    const held = await one.acquire('a', still);
    const leaving = new AbortController();
    const left = two.acquire('a', leaving.signal);
    const next = one.acquire('a', still);
    leaving.abort(cancelled());
    await expect(left).rejects.toMatchObject({ code: 'CANCELLED' });
    await held.release();
    await (await next).release();
    await store.close();
  });

  it('is taken over when its holder does not renew it, and the old holder cannot release it', async () => {
    const { one, two, store } = twoProcesses({ first: NOT_RENEWED });
    const stuck = await one.acquire('a', still);
    const next = await two.acquire('a', still);
    await stuck.release();
    const third = two.acquire('a', leavesAfter(200));
    await expect(third).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(next.signal.aborted).toBe(false);
    await next.release();
    await store.close();
  });

  it('aborts for its holder once another has it', async () => {
    const { one, store } = twoProcesses();
    const tokens: string[] = [];
    const { acquireLease } = store;
    store.acquireLease = (name, token, ttlMs) => {
      tokens.push(token);
      return acquireLease(name, token, ttlMs);
    };
    const held = await one.acquire('a', still);
    // As after a pause of the process that holds it.
    await store.releaseLease('a', tokens[0] ?? '');
    await eventually(() => held.signal.aborted);
    await expect(unlessAborted(held.signal, Promise.resolve())).rejects.toMatchObject({
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
    const held = await one.acquire('a', still);
    await eventually(() => renewals.length > 2);
    expect(held.signal.aborted).toBe(false);
    await held.release();
    expect(renewals).not.toContain(false);
    await store.close();
  });

  it('limits the waiting time', async () => {
    const { one, two, store } = twoProcesses({ maxWaitMs: 50 });
    const held = await one.acquire('a', still);
    await expect(two.acquire('a', still)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await held.release();
    await store.close();
  });
});
