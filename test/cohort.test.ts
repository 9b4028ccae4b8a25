import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterCohort, joinCohort } from '../src/util/cohort.js';

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

describe('what comes after', () => {
  const settle = async (promises: number) => {
    for (let settled = 0; settled < promises; settled += 1) await undefined;
  };

  it('is waited for by all of a cohort, however many promises each has to hear', async () => {
    const done: string[] = [];
    const ask = async (name: string, promises: number) => {
      await settle(promises);
      done.push(`${name} asks`);
      afterCohort(() => done.push(`${name} is answered`));
    };
    joinCohort(() => void ask('first', 1));
    joinCohort(() => void ask('second', 9));
    await nextTurn();
    expect(done).toEqual(['first asks', 'second asks']);
    await nextTurn();
    expect(done).toEqual(['first asks', 'second asks', 'first is answered', 'second is answered']);
  });

  it('is still part of a cohort: so is what follows it', async () => {
    const done: string[] = [];
    joinCohort(() => afterCohort(() => afterCohort(() => done.push('last'))));
    await nextTurn();
    await nextTurn();
    expect(done).toEqual([]);
    await nextTurn();
    expect(done).toEqual(['last']);
  });

  it('comes within the turn for who is in no cohort, behind the promises that are settled', async () => {
    const done: string[] = [];
    afterCohort(() => done.push('answered'));
    const others = settle(9).then(() => done.push('others'));
    await others;
    const turn = nextTurn().then(() => done.push('next turn'));
    await turn;
    expect(done).toEqual(['others', 'answered', 'next turn']);
  });

  it('comes at once again when the cohort is through', async () => {
    const done: string[] = [];
    joinCohort(() => done.push('cohort'));
    await nextTurn();
    setImmediate(() => done.push('next turn'));
    await new Promise<void>((resolve) => {
      afterCohort(() => {
        done.push('answered');
        resolve();
      });
    });
    expect(done).toEqual(['cohort', 'answered']);
  });
});
