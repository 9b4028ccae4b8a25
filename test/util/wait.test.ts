import { setTimeout as pause } from 'node:timers/promises';
import { waitUntil, within } from '../../src/util/wait.js';

const LONG_MS = 3_600_000;

describe('within', () => {
  it('waits for the work, and keeps no timer behind it', async () => {
    let isDone = false;
    const work = pause(5).then(() => {
      isDone = true;
    });
    await within(LONG_MS, work);
    expect(isDone).toBe(true);
  });

  it('waits no longer than it may', async () => {
    await within(1, new Promise(() => undefined));
    await within(-1, new Promise(() => undefined));
  });

  it('rejects with the work', async () => {
    await expect(within(LONG_MS, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });
});

describe('waitUntil', () => {
  it('polls until the condition is true', async () => {
    let polls = 0;
    await waitUntil(async () => ++polls === 3, LONG_MS);
    expect(polls).toBe(3);
  });

  it('gives up in the end', async () => {
    await waitUntil(() => false, 1);
  });
});
