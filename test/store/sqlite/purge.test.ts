import { openFile } from '../../../src/store/sqlite/file.js';
import { Purge } from '../../../src/store/sqlite/purge.js';
import { NOON } from '../../support/server.js';

describe('the purge of a file', () => {
  const { db, sql } = openFile(':memory:');
  const newPurge = () => new Purge(sql, () => undefined);
  afterAll(() => db.close());

  it('is due for one of many concurrent writes, and again a second later', () => {
    const purge = newPurge();
    expect([purge.isDue(NOON), purge.isDue(NOON), purge.isDue(NOON + 999)]).toEqual([true, false, false]);
    purge.run(NOON);
    expect(purge.isDue(NOON + 999)).toBe(false);
    expect(purge.isDue(NOON + 1_000)).toBe(true);
  });
});
