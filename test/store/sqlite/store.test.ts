import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { pino } from 'pino';
import { DAY_MS, HOUR_MS } from '../../../src/store/hours.js';
import { openStore } from '../../../src/store/open-store.js';
import { openFile } from '../../../src/store/sqlite/file.js';
import { SQL } from '../../../src/store/sqlite/statements.js';
import {
  type ContextRecord,
  type ListPosition,
  type OwnedContext,
  PURGE_DELAY_MS,
} from '../../../src/store/store.js';
import { NOON } from '../../support/server.js';
import { conformance, record, TOKENS, useAt } from '../conformance.js';

const silent = pino({ level: 'silent' });

describe('the store in SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  const path = join(folder, 'deep', 'contexts.db');
  afterAll(() => rmSync(folder, { recursive: true }));
  conformance(async () => openStore(`sqlite:${path}`, silent));

  it('is a file that only its owner can read', () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('has everything that was acknowledged after it is reopened', async () => {
    const one = openStore(`sqlite:${path}`, silent);
    const context = record();
    await one.create(context, 'caller');
    // Not closed: this is what another process finds after a `kill -9`.
    const two = openStore(`sqlite:${path}`, silent);
    expect(await two.ownedContext('caller', context.key, NOON)).toMatchObject({ context });
    await two.close();
    await one.close();
  });

  it('has every one of many concurrent creations', async () => {
    const store = openStore(`sqlite:${join(folder, 'groups.db')}`, silent);
    for (const count of [1, 2, 3, 15, 31, 77]) {
      const contexts = Array.from({ length: count }, () => record());
      await Promise.all(contexts.map((context) => store.create(context, `caller of ${count}`)));
      expect(await store.ownedContexts(`caller of ${count}`, 100, null, NOON)).toHaveLength(count);
      for (const context of contexts) {
        expect(await store.ownedContext(`caller of ${count}`, context.key, NOON)).toMatchObject({ context });
      }
    }
    await store.close();
  });

  it('lists the newest first across the border of two parts that overlap in time', async () => {
    const store = openStore(`sqlite:${join(folder, 'parts.db')}`, silent);
    const others = (count: number) =>
      Promise.all(Array.from({ length: count }, () => store.create(record(), 'others')));
    const made: ContextRecord[] = [];
    for (const count of [4_092, 4_088]) {
      await others(count);
      for (const age of [3, 1, 6, 2, 5, 0, 7, 4]) {
        const context = record({ createdAt: NOON + Math.floor(made.length / 8) * 10 - age });
        made.push(context);
        await store.create(context, 'caller');
      }
    }
    await others(10);
    const expected = made.toSorted((one, other) => other.createdAt - one.createdAt).map(({ key }) => key);
    for (const size of [1, 3, 5, 100]) {
      const seen: string[] = [];
      for (let after: ListPosition | null = null; ; ) {
        const page: OwnedContext[] = await store.ownedContexts('caller', size, after, NOON);
        const last = page.at(-1);
        if (!last) break;
        seen.push(...page.map(({ context }) => context.key));
        after = { ownedSince: last.ownedSince, key: last.context.key };
      }
      expect(seen).toEqual(expected);
    }
    await store.close();
  });

  it('deletes expired contexts and no others', async () => {
    const store = openStore(`sqlite:${join(folder, 'sweep.db')}`, silent);
    const [short, long, used] = [record(), record({ expiresAt: NOON + 9 * DAY_MS }), record()];
    for (const context of [short, long, used]) await store.create(context, 'caller');
    for (const { key } of [short, long]) await store.addOwner(key, 'a sharer', NOON);
    await store.use('caller', used.key, { ...useAt(NOON), expiresAt: NOON + DAY_MS });
    await store.setValue('short', 'x', HOUR_MS, NOON);
    const db = new Database(join(folder, 'sweep.db'));
    const count = (table: string) =>
      (db.prepare(`SELECT COUNT(*) AS n FROM ${table}`).get() as { n: number }).n;
    // Each write that comes a second later clears away.
    await store.check();
    await store.addValue('later', 'x', HOUR_MS, NOON + HOUR_MS + PURGE_DELAY_MS);
    expect({ contexts: count('contexts'), shares: count('shares') }).toEqual({
      contexts: 2,
      shares: 1,
    });
    expect(count('kept_values')).toBe(1);
    await store.addValue('later', 'x', HOUR_MS, NOON + DAY_MS + PURGE_DELAY_MS);
    expect({ contexts: count('contexts'), shares: count('shares') }).toEqual({
      contexts: 1,
      shares: 1,
    });
    db.close();
    await store.close();
  });

  it('reports the same usage before and after the hour is over', async () => {
    const file = join(folder, 'usage.db');
    const store = openStore(`sqlite:${file}`, silent);
    const db = new Database(file);
    const rowsOf = (table: string) => db.prepare(`SELECT hour FROM ${table}`).all().length;
    const context = record();
    await store.create(context, 'caller');
    await store.use('caller', context.key, useAt(NOON));
    const expected = [{ name: context.model, contexts: 1, ...TOKENS }];
    for (const [now, current, past] of [
      [NOON, 1, 0],
      [NOON + HOUR_MS, 0, 1],
    ] as const) {
      await store.addValue('later', 'x', HOUR_MS, now);
      expect([rowsOf('usage_now'), rowsOf('usage')]).toEqual([current, past]);
      expect(await store.usage('caller', 0, now)).toEqual(expected);
    }
    db.close();
    await store.close();
  });

  it('deletes everything that has expired, however much it is', async () => {
    const store = openStore(`sqlite:${join(folder, 'much.db')}`, silent);
    await Promise.all(Array.from({ length: 1_200 }, () => store.create(record(), 'caller')));
    const db = new Database(join(folder, 'much.db'));
    const end = NOON + HOUR_MS + PURGE_DELAY_MS;
    // Without a second between them: each write goes on where the one before had to leave something.
    for (let write = 0; write < 4; write++) await store.addValue('later', 'x', DAY_MS, end);
    expect(db.prepare('SELECT key FROM contexts').all()).toEqual([]);
    db.close();
    await store.close();
  });

  it('uses indexes for all statements', async () => {
    const { db } = openFile(':memory:');
    for (const [name, text] of Object.entries(SQL)) {
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...Array(8).fill(0).slice(0, marksOf(text)));
      const scans = (plan as { detail: string }[])
        .map(({ detail }) => detail)
        .filter((detail) =>
          /^SCAN (?!(?:\d+ )?CONSTANT|json_each|hours|parts|all_usage|all_spending|leases)/.test(detail),
        );
      expect({ name, scans }).toEqual({ name, scans: [] });
    }
    db.close();
  });

  it('refuses a file of another version and leaves it unchanged', async () => {
    const other = join(folder, 'other.db');
    const db = new Database(other);
    db.exec('CREATE TABLE contexts (key TEXT)');
    expect(() => openStore(`sqlite:${other}`, silent)).toThrow(
      'has layout 0, which no release of this server writes',
    );
    expect(db.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'contexts' }]);
    db.close();
  });

  it('is ready again as soon as the lock is released', async () => {
    const store = openStore(`sqlite:${path}`, silent);
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    await expect(store.create(record(), 'caller')).rejects.toMatchObject({
      code: 'INTERNAL_SERVER_ERROR',
      retryable: true,
    });
    await expect(store.ready()).rejects.toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
    other.exec('COMMIT');
    await store.ready();
    await store.create(record(), 'caller');
    other.close();
    await store.close();
  });
});

/** How many values a statement wants. */
function marksOf(text: string): number {
  const numbered = text.match(/\?\d/g);
  return numbered ? new Set(numbered).size : (text.match(/\?/g)?.length ?? 0);
}
