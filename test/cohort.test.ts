import { setImmediate as nextTurn } from 'node:timers/promises';
import { joinCohort } from '../src/cohort.js';

describe('a cohort', () => {
  it('goes on at the end of the turn, in the order in which it came together', async () => {
    const done: string[] = [];
    const work = async (name: string) => {
      await joinCohort();
      done.push(name);
    };
    void work('first');
    queueMicrotask(() => void work('second'));
    process.nextTick(() => void work('third'));
    expect(done).toEqual([]);
    await nextTurn();
    expect(done.toSorted()).toEqual(['first', 'second', 'third']);
    expect(done[0]).toBe('first');
  });

  it('lets what comes up while it goes on wait for the next one', async () => {
    const done: string[] = [];
    void (async () => {
      for (const name of ['first', 'second']) {
        await joinCohort();
        done.push(name);
      }
    })();
    await nextTurn();
    expect(done).toEqual(['first']);
    await nextTurn();
    expect(done).toEqual(['first', 'second']);
  });
});
