import { setImmediate as nextTurn } from 'node:timers/promises';
import { joinCohort } from '../src/cohort.js';

describe('a cohort', () => {
  it('goes on at the end of the turn, in the order in which it came together', async () => {
    const done: string[] = [];
    const work = (name: string) => joinCohort(() => done.push(name));
    work('first');
    queueMicrotask(() => work('second'));
    process.nextTick(() => work('third'));
    expect(done).toEqual([]);
    await nextTurn();
    expect(done.toSorted()).toEqual(['first', 'second', 'third']);
    expect(done[0]).toBe('first');
  });

  it('lets what comes up while it goes on wait for the next one', async () => {
    const done: string[] = [];
    joinCohort(() => {
      done.push('first');
      joinCohort(() => done.push('second'));
    });
    await nextTurn();
    expect(done).toEqual(['first']);
    await nextTurn();
    expect(done).toEqual(['first', 'second']);
  });
});
