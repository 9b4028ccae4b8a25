import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { pino } from 'pino';
import { HOUR_MS } from '../../../src/store/hours.js';
import { openStore } from '../../../src/store/open-store.js';
import { VERSION } from '../../../src/store/sqlite/schema.js';
import { ZERO_TOTALS } from '../../../src/store/store.js';
import { NOON } from '../../support/server.js';

const silent = pino({ level: 'silent' });
const folder = mkdtempSync(join(tmpdir(), 'upgrades-'));
afterAll(() => rmSync(folder, { recursive: true }));

const USED = { chats: 1, promptTokens: 100, cachedTokens: 80, completionTokens: 7 };
const UNPRICED = { bill: null, kept: null };
const USE = {
  startedAt: NOON,
  at: NOON,
  expiresAt: NOON + HOUR_MS,
  ...USED,
  estimatedTokens: 9,
  ...UNPRICED,
};

/** Released layouts, from the first to the last before the present one. */
const LAYOUTS = [6, 7, 8];

/** A file as a server of that layout left it. */
function fileOf(layout: number): string {
  const path = join(folder, `${layout}-${Math.random()}.db`);
  const db = new Database(path);
  db.exec(readFileSync(join('test/store/sqlite/layouts', `${layout}.sql`), 'utf8'));
  db.close();
  return path;
}

function columnsOf(path: string): Record<string, unknown> {
  const db = new Database(path);
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  const columns = (tables as { name: string }[]).map(({ name }) => [
    name,
    db.prepare(`SELECT name, type, "notnull", dflt_value FROM pragma_table_info('${name}')`).all(),
  ]);
  const version = db.prepare('PRAGMA user_version').raw().get();
  db.close();
  return { ...Object.fromEntries(columns), version };
}

describe.each(LAYOUTS)('a SQLite file of layout %d', (layout) => {
  it('is opened with all its contexts, owners, values and usage', async () => {
    const store = openStore(`sqlite:${fileOf(layout)}`, silent);
    expect(await store.ownedContext('alice', 'ctx-own:', NOON)).toEqual({
      context: {
        key: 'ctx-own:',
        id: 'ctx-own',
        gatewayId: 'ctx-own',
        model: 'Doubao-1.5-pro-32k',
        mode: 'SESSION',
        ttl: 86_400,
        createdAt: NOON,
        expiresAt: NOON + 25 * HOUR_MS + 6_000,
        messages: null,
        details: '[null,{"promptTokens":8}]',
      },
      ownedSince: NOON,
      lastUsedAt: NOON + HOUR_MS + 6_000,
      totals: {
        chats: 3,
        promptTokens: 300,
        cachedTokens: 240,
        completionTokens: 21,
        estimatedTokens: 0,
      },
    });
    expect(await store.ownedContext('bob', 'ctx-shared:', NOON)).toMatchObject({
      context: { gatewayId: 'ctx-again', messages: 'messages:1' },
      totals: { ...ZERO_TOTALS, ...USED },
    });
    const ids = (await store.ownedContexts('alice', 9, null, NOON)).map(({ context }) => context.id);
    expect(ids).toEqual(['ctx-shared', 'ctx-own']);
    expect(await store.value('messages:1', NOON)).toBe('kept');
    const now = NOON + 2 * HOUR_MS;
    const alices = { name: 'Doubao-1.5-pro-32k', contexts: 2, chats: 3, promptTokens: 300 };
    expect(await store.usage('alice', 0, now)).toMatchObject([{ ...alices, estimatedTokens: 0 }]);
    // What the log of the earlier layout has is summed up with what comes now.
    await store.use('alice', 'ctx-own:', USE);
    await store.purgeExpired(now);
    expect(await store.usage('alice', 0, now)).toMatchObject([
      { ...alices, chats: 4, promptTokens: 400, estimatedTokens: 9 },
    ]);
    await store.close();
  });

  it('has the tables of a new file afterwards', async () => {
    const [old, made] = [fileOf(layout), join(folder, 'made.db')];
    for (const path of [old, made]) await openStore(`sqlite:${path}`, silent).close();
    expect(columnsOf(old)).toEqual(columnsOf(made));
  });

  it('is left unchanged if a step fails', () => {
    const path = fileOf(layout);
    const db = new Database(path);
    // The last step creates it.
    db.exec('CREATE TABLE spending (id)');
    db.close();
    const before = columnsOf(path);
    expect(() => openStore(`sqlite:${path}`, silent)).toThrow('already exists');
    expect(columnsOf(path)).toEqual(before);
  });
});

it('a SQLite file of a newer layout is refused, naming both, and left unchanged', () => {
  const path = fileOf(6);
  const db = new Database(path);
  db.exec('PRAGMA user_version = 99');
  db.close();
  const before = columnsOf(path);
  expect(() => openStore(`sqlite:${path}`, silent)).toThrow(
    `has layout 99, which a newer version of this server writes; this one reads layouts up to ${VERSION}`,
  );
  expect(columnsOf(path)).toEqual(before);
});
