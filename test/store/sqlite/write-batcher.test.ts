import { openFile } from '../../../src/store/sqlite/file.js';
import { WriteBatcher } from '../../../src/store/sqlite/write-batcher.js';

describe('the write batcher', () => {
  const { db, sql } = openFile(':memory:');
  afterAll(() => db.close());
  let commits = 0;
  const commit = {
    run() {
      commits += 1;
      return sql.commit.run();
    },
  };
  const batcher = new WriteBatcher(db, { ...sql, commit } as unknown as typeof sql);
  const add = (key: string) => batcher.write(() => sql.setValue.run(key, 'x', 1));
  const has = (key: string) => sql.value.get(key, 0) !== undefined;

  it('commits concurrent writes in one transaction', async () => {
    await Promise.all(['a', 'b', 'c'].map(add));
    expect(commits).toBe(1);
    expect(['a', 'b', 'c'].map(has)).toEqual([true, true, true]);
  });

  it('resolves with the result of each write', async () => {
    expect(await Promise.all([batcher.write(() => 1), batcher.write(() => 2)])).toEqual([1, 2]);
  });

  it('writes nothing of a batch in which a write fails, and goes on with the next', async () => {
    const failed = await Promise.allSettled([
      add('d'),
      batcher.write(() => {
        throw new Error('no');
      }),
    ]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(has('d')).toBe(false);
    await add('e');
    expect(has('e')).toBe(true);
  });
});
