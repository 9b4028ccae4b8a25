import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import Database from 'libsql';
import { pino } from 'pino';
import { DAY_MS } from '../src/store/hours.js';
import { type MonitoredStore, openStore } from '../src/store/open-store.js';
import type { Bill } from '../src/store/spending.js';
import { ZERO_TOTALS } from '../src/store/store.js';
import { type Finished, finished, start, startsPrograms } from './support/built-program.js';
import { eventually } from './support/eventually.js';
import { describeWith, REDIS } from './support/programs.js';
import { RedisServer } from './support/redis.js';

startsPrograms();

const folder = mkdtempSync(join(tmpdir(), 'report-'));
afterAll(() => rmSync(folder, { recursive: true }));

const YUAN = '["CNY","0.80","0.16","0.90","2.00","0.017"]';
const DOLLARS = '["USD","1","1","1","1","1"]';
const NOW = Date.now();
const DAY = new Date(NOW).toISOString().slice(0, 10);
const BEFORE = new Date(NOW - 10 * DAY_MS).toISOString().slice(0, 10);

const CHAT = { input: 100, cachedInput: 1_000, output: 10, chatPrompt: 1_100, chatOutput: 10 };
const BILLS: [at: number, Bill][] = [
  [NOW, { caller: 'sub:alice', model: 'm-1', prompt: '', prices: YUAN, counts: CHAT }],
  [NOW, { caller: 'sub:alice', model: 'm-1', prompt: 'support', prices: YUAN, counts: CHAT }],
  [
    NOW,
    {
      caller: '=1+1',
      model: 'm-2',
      prompt: '',
      prices: YUAN,
      counts: { cacheWrite: 1_000, tokenHours: 24_000 },
    },
  ],
  [NOW - 10 * DAY_MS, { caller: '=1+1', model: 'm-2', prompt: '', prices: DOLLARS, counts: CHAT }],
];

async function fill(url: string, bills: [number, Bill][]): Promise<MonitoredStore> {
  const store = openStore(url, pino({ level: 'silent' }));
  await eventually(store.isReachable);
  for (const [at, bill] of bills) {
    await store.addUsage({
      caller: bill.caller,
      names: [],
      used: ZERO_TOTALS,
      at,
      extension: null,
      bills: [bill],
    });
  }
  return store;
}

const report = (url: string, ...args: string[]): Promise<Finished> =>
  finished(start('dist/main.js', ['report', ...args], { STORE_URL: url }));

async function linesOf(url: string, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await report(url, ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trimEnd().split('\n');
}

/** While the store is open here, as it is while a server runs. */
function reports(open: () => Promise<{ url: string; close: () => Promise<void> }>) {
  let url: string;
  let store: MonitoredStore;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ url, close } = await open());
    store = await fill(url, BILLS);
  });
  afterAll(async () => {
    await store.close();
    await close();
  });

  it.each([
    [
      'caller',
      [
        ['sub:alice', '0.00052'],
        ["'=1+1", '0.0009'],
      ],
    ],
    [
      'model',
      [
        ['m-1', '0.00052'],
        ['m-2', '0.0009'],
      ],
    ],
    [
      'prompt',
      [
        ['', '0.00116'],
        ['support', '0.00026'],
      ],
    ],
    ['day', [[DAY, '0.00142']]],
  ])('sums up by %s, exactly', async (by, expected) => {
    const [head, ...lines] = await linesOf(url, '--by', by, '--format', 'csv', '--since', '7d');
    expect(head).toBe(
      `${by},inputTokens,cachedInputTokens,cacheWriteTokens,outputTokens,currency,spent,storage,withoutCache,saved`,
    );
    const found = lines.map((line) => line.split(',')).map((cells) => [cells[0], cells[6]]);
    expect(found.sort()).toEqual(expected.sort());
  });

  it('has a line for each currency, and a time to begin from', async () => {
    const lines = await linesOf(url, '--by', 'model', '--format', 'csv');
    expect(lines.slice(1)).toEqual([
      'm-1,200,2000,0,20,CNY,0.00052,0,0.0018,0.00128',
      'm-2,0,0,1000,0,CNY,0.0009,0.000408,0,-0.001308',
      'm-2,100,1000,0,10,USD,0.00111,0,0.00111,0',
    ]);
    expect(await linesOf(url, '--by', 'day', '--format', 'csv')).toHaveLength(3);
    expect(await linesOf(url, '--by', 'day', '--format', 'csv', '--since', BEFORE)).toHaveLength(3);
    expect(await linesOf(url, '--by', 'day', '--format', 'csv', '--since', '1h')).toHaveLength(2);
  });

  it('prints JSON, and an empty list where nothing was spent', async () => {
    const { stdout } = await report(url, '--format', 'json', '--since', '7d');
    expect(JSON.parse(stdout)).toEqual([
      {
        model: 'm-1',
        tokens: { input: 200, cachedInput: 2_000, cacheWrite: 0, output: 20 },
        ...{ currency: 'CNY', spent: '0.00052', storage: '0', withoutCache: '0.0018', saved: '0.00128' },
      },
      expect.objectContaining({ model: 'm-2', saved: '-0.001308' }),
    ]);
    const later = new Date(NOW + 2 * DAY_MS).toISOString();
    expect(await linesOf(url, '--format', 'json', '--since', later)).toEqual(['[]']);
  });

  it('prints a table with rounded amounts and their total', async () => {
    const lines = await linesOf(url, '--since', '7d');
    expect(lines.map((line) => line.trim().split(/\s{2,}/))).toEqual([
      ['model', 'prompt tokens', 'cached', 'output', 'spent', 'storage', 'without cache', 'saved'],
      ['m-1', '2,200', '2,000', '20', '0.0005', '0.0000', '0.0018', '0.0013 CNY'],
      ['m-2', '1,000', '0', '0', '0.0009', '0.0004', '0.0000', '-0.0013 CNY'],
      ['total', '0.0014', '0.0004', '0.0018', '0.0000 CNY'],
    ]);
  });
}

describe('the report of a SQLite file', () => {
  reports(async () => ({ url: `sqlite:${join(folder, 'contexts.db')}`, close: async () => undefined }));

  it('prints every caller of many', async () => {
    const url = `sqlite:${join(folder, 'many.db')}`;
    const callers = Array.from({ length: 950 }, (_, index) => `caller-${index}`);
    const bills = callers.map((caller): [number, Bill] => [
      NOW,
      { caller, model: 'm', prompt: '', prices: YUAN, counts: CHAT },
    ]);
    const store = await fill(url, bills);
    await store.close();
    const lines = await linesOf(url, '--by', 'caller', '--format', 'csv');
    expect(new Set(lines.slice(1).map((line) => line.split(',')[0]))).toEqual(new Set(callers));
    expect(lines).toHaveLength(951);
  });
});

describe('the report of a Redis', () => {
  reports(async () => {
    const redis = await RedisServer.start();
    return { url: redis.url, close: () => redis.stop() };
  });
});

describe('the report', () => {
  it.each([
    [['--by', 'key'], '--by must be one of caller, model, prompt, day'],
    [['--format', 'xml'], '--format must be one of table, csv, json'],
    [['--since', 'yesterday'], '--since must be a number of days or hours, such as 7d or 12h, or a date'],
    [['--since', '7'], '--since must be'],
    [['--until', '7d'], "Unknown option '--until'"],
    [['now'], "Unexpected argument 'now'"],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await report('sqlite:none.db', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/\nTry: graphql-context-cache --help\n$/);
  });

  it.each([
    ['sqlite:none.db', 'STORE_URL names the file none.db, which does not exist'],
    ['sqlite::memory:', 'STORE_URL is in memory, which only the server can read'],
    ['redis://127.0.0.1:1', 'STORE_URL names a store that cannot be used: connect ECONNREFUSED 127.0.0.1:1'],
  ])('says why it cannot read %s', async (url, message) => {
    const { code, stdout, stderr } = await report(url);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('does not migrate the file of an earlier version, on which a server may run', async () => {
    const file = join(folder, 'earlier.db');
    const db = new Database(file);
    db.exec(readFileSync('test/store/sqlite/layouts/8.sql', 'utf8'));
    const version = () => db.prepare('PRAGMA user_version').raw().get();
    const { code, stderr } = await report(`sqlite:${file}`);
    expect({ code, version: version() }).toEqual({ code: 2, version: [8] });
    expect(stderr).toContain('Use the report of its version, or start a server of this version first');
    db.close();
  });

  it('says why it cannot open a file, in one line', async () => {
    const file = join(folder, 'text.db');
    writeFileSync(file, 'no database');
    const { code, stdout, stderr } = await report(`sqlite:${file}`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      `The configuration is not usable: STORE_URL sqlite:${file} cannot be opened: file is not a database\n`,
    );
  });

  describeWith(REDIS)('on Redis', () => {
    it('says that a newer server has written it', async () => {
      await using redis = await RedisServer.start();
      const client = new Redis(redis.url);
      await client.set('graphql-context-cache:layout', 9);
      client.disconnect();
      const { code, stderr } = await report(redis.url);
      expect(code).toBe(2);
      expect(stderr).toContain('cannot be used: the store has layout 9, which a newer version');
    });
  });
});
