import { openFile } from '../../src/registry/sqlite/file.js';
import { Names } from '../../src/registry/sqlite/names.js';
import { Sweep } from '../../src/registry/sqlite/sweep.js';
import { Usage } from '../../src/registry/sqlite/usage.js';
import { NOON } from '../support/server.js';

describe('the sweep of a file', () => {
  const { db, sql } = openFile(':memory:');
  const newSweep = () => new Sweep(sql, new Usage(sql, new Names(sql)), () => undefined);
  afterAll(() => db.close());

  it('is planned by one of all that are written at once, and again a second after it has run', () => {
    const sweep = newSweep();
    expect([sweep.isDue(NOON), sweep.isDue(NOON), sweep.isDue(NOON + 60_000)]).toEqual([true, false, false]);
    sweep.run(NOON);
    expect(sweep.isDue(NOON + 999)).toBe(false);
    expect(sweep.isDue(NOON + 1_000)).toBe(true);
  });

  it('is planned again where it could not be run', () => {
    const sweep = newSweep();
    expect(sweep.isDue(NOON)).toBe(true);
    sweep.forget();
    expect(sweep.isDue(NOON)).toBe(true);
  });
});
