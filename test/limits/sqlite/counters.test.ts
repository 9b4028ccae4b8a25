import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { sqliteCounters } from '../../../src/limits/sqlite/counters.js';
import { LimitsDatabase } from '../../../src/limits/sqlite/database.js';
import { SqliteStreams } from '../../../src/limits/sqlite/streams.js';
import { eventually } from '../../support/eventually.js';
import { NOON } from '../../support/server.js';

const MINUTE_MS = 60_000;
const YEAR_MS = 365 * 24 * 60 * MINUTE_MS;

let folder: string;
let path: string;
let now: number;
let open: LimitsDatabase[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'limits-'));
  path = join(folder, 'contexts.db');
  now = NOON;
  open = [];
});
afterEach(() => {
  for (const file of open) file.close();
  rmSync(folder, { recursive: true });
});
function openFile(): LimitsDatabase {
  const file = new LimitsDatabase(path);
  open.push(file);
  return file;
}
const counterIn = (file: LimitsDatabase) =>
  sqliteCounters(file, () => now)({ name: 'chats', windowSeconds: 60 });

describe('a counter in a file', () => {
  it('is shared by all connections, separate by key, and persistent', async () => {
    const [one, two] = [counterIn(openFile()), counterIn(openFile())];
    await one.add('alice', 1);
    expect(await two.add('alice', 2)).toMatchObject({ total: 3, msLeft: MINUTE_MS });
    expect(await two.read('bob')).toMatchObject({ total: 0 });
    for (const file of open.splice(0)) file.close();
    expect(await counterIn(openFile()).read('alice')).toMatchObject({ total: 3 });
  });

  it('restarts after its window', async () => {
    const counter = counterIn(openFile());
    await counter.add('alice', 5);
    now += MINUTE_MS - 1;
    expect(await counter.add('alice', 1)).toMatchObject({ total: 6, msLeft: 1 });
    now += 1;
    expect(await counter.read('alice')).toMatchObject({ total: 0 });
    expect(await counter.add('alice', 1)).toMatchObject({ total: 1, msLeft: MINUTE_MS });
  });

  it('never goes below zero', async () => {
    const counter = counterIn(openFile());
    expect(await counter.add('alice', -5)).toMatchObject({ total: 0 });
    await counter.add('alice', 3);
    expect(await counter.add('alice', -5)).toMatchObject({ total: 0 });
  });

  it('ends its window in time after the clock was set back, without losing counts', async () => {
    const counter = counterIn(openFile());
    now = NOON + YEAR_MS;
    await counter.add('alice', 5);
    now = NOON;
    expect(await counter.read('alice')).toMatchObject({ total: 5, msLeft: MINUTE_MS });
    now += MINUTE_MS;
    expect(await counter.read('alice')).toMatchObject({ total: 0 });
  });

  it('waits for another process’s lock without blocking', async () => {
    const counter = counterIn(openFile());
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    let isCounted = false;
    const counting = counter.add('alice', 1).then((counted) => {
      isCounted = true;
      return counted;
    });
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(isCounted).toBe(false);
    other.exec('COMMIT');
    other.close();
    expect(await counting).toMatchObject({ total: 1 });
    expect(await counterIn(openFile()).read('alice')).toMatchObject({ total: 1 });
  });

  it('counts only in this process while the file stays locked', async () => {
    const counter = counterIn(openFile());
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    expect(await counter.add('alice', 1)).toMatchObject({ total: 1 });
    other.exec('COMMIT');
    other.close();
    expect(await counterIn(openFile()).read('alice')).toMatchObject({ total: 0 });
  });
});

const ENDS = 'SELECT ends FROM open_streams';

describe('the slots of streams in a file', () => {
  it('are shared, and freed by release or expiry', async () => {
    const [one, two] = [new SqliteStreams(openFile(), () => now), new SqliteStreams(openFile(), () => now)];
    expect(await one.acquire('alice', 'a', 2)).toBe(true);
    expect(await two.acquire('alice', 'b', 2)).toBe(true);
    expect(await one.acquire('alice', 'c', 2)).toBe(false);
    expect(await one.acquire('bob', 'd', 2)).toBe(true);
    await two.release('alice', 'b');
    expect(await one.acquire('alice', 'c', 2)).toBe(true);
    now += 15_001;
    expect(await two.acquire('alice', 'e', 1)).toBe(true);
    one.close();
    two.close();
  });

  it('are renewed by a live process', async () => {
    const file = openFile();
    const [one, two] = [new SqliteStreams(file, () => now, 1), new SqliteStreams(openFile(), () => now)];
    await one.acquire('alice', 'a', 1);
    const isRenewed = async () => (await file.read(ENDS, [])).every(([ends]) => Number(ends) > now + 10_000);
    for (let renewals = 0; renewals < 4; renewals++) {
      now += 10_000;
      await eventually(isRenewed);
    }
    expect(await two.acquire('alice', 'b', 1)).toBe(false);
    one.close();
    two.close();
  });
});
