import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import Database from 'libsql';
import { pino } from 'pino';
import { DAY_MS } from '../../src/store/hours.js';
import { openStore } from '../../src/store/open-store.js';
import { eventually } from '../support/eventually.js';
import { describeWith, REDIS } from '../support/programs.js';
import { RedisServer } from '../support/redis.js';
import { NOON, TestServer } from '../support/server.js';
import { ServerProcess } from '../support/server-process.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';

const silent = pino({ level: 'silent' });
const folder = mkdtempSync(join(tmpdir(), 'readiness-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = () => join(folder, `${++files}.db`);

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const FIND = 'query ($id: ID!) { context(id: $id) { id } }';
const input = (content = 'a') => ({
  input: { model: 'm', messages: [{ content }], mode: 'COMMON_PREFIX' },
});
/** Does not get smaller when it is compressed. */
const noise = (length: number) => Array.from({ length }, () => Math.random().toString(36)).join('');

async function gatewayOfContexts() {
  let created = 0;
  const standIn = await StandIn.start((response, _, { body }) =>
    json(response, 200, { ...CREATED, id: `ctx-${++created}`, mode: JSON.parse(body).mode }),
  );
  return { standIn, created: () => created };
}

/** Creates one by one, each after a read that works. */
async function createAll(server: ServerProcess, known: string, times: number): Promise<unknown[]> {
  const codes: unknown[] = [];
  for (let time = 0; time < times; time++) {
    await server.ask(FIND, { id: known });
    codes.push((await server.ask(CREATE, input(noise(800)))).errors?.[0]?.extensions.code ?? 'OK');
  }
  return codes;
}

describe('a store that takes no writes', () => {
  it('bills at most one creation that a full disk cannot store, whatever is read in between', async () => {
    const gateway = await gatewayOfContexts();
    await using standIn = gateway.standIn;
    const path = newPath();
    await using server = await ServerProcess.before(standIn, `sqlite:${path}`);
    const { data } = await server.ask(CREATE, input());
    // Room for small writes, but not for the next creation.
    const room = statSync(`${path}-wal`).size + 40_000;
    expect(spawnSync('prlimit', ['--pid', `${server.child.pid}`, `--fsize=${room}:`]).status).toBe(0);
    const before = gateway.created();
    const codes = await createAll(server, data.createContext.id, 8);
    const kept = codes.filter((code) => code === 'OK').length;
    expect(codes.at(-1)).toBe('INTERNAL_SERVER_ERROR');
    expect(gateway.created() - before).toBeLessThanOrEqual(kept + 1);
    expect(await server.ready()).toBe(503);
    spawnSync('prlimit', ['--pid', `${server.child.pid}`, '--fsize=unlimited:']);
    expect(await server.ready()).toBe(200);
    expect((await server.ask(CREATE, input())).errors).toBeUndefined();
  });

  it('is not ready if the pages of its contexts are corrupt, and bills nothing', async () => {
    const gateway = await gatewayOfContexts();
    await using standIn = gateway.standIn;
    const path = newPath();
    const full = await TestServer.before(standIn, { STORE_URL: `sqlite:${path}` });
    for (let time = 0; time < 30; time++) await full.query(CREATE, input());
    await full[Symbol.asyncDispose]();
    const before = gateway.created();
    const db = new Database(path);
    const roots = db.prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'contexts'").raw().all();
    db.close();
    const bytes = readFileSync(path);
    for (const [page] of roots as [number][]) bytes.fill(0xff, (page - 1) * 4_096 + 50, page * 4_096);
    writeFileSync(path, bytes);
    await using server = await TestServer.before(standIn, { STORE_URL: `sqlite:${path}` });
    expect((await fetch(`${server.origin}/readyz`)).status).toBe(503);
    expect((await server.query(CREATE, input())).errors[0]?.extensions.code).toBe('INTERNAL_SERVER_ERROR');
    expect(gateway.created()).toBe(before);
  });

  it.each([
    ['deleted', (path: string) => unlinkSync(path)],
    ['deleted beside it', (path: string) => unlinkSync(`${path}-wal`)],
    [
      'replaced',
      (path: string) => {
        renameSync(path, `${path}.old`);
        writeFileSync(path, readFileSync(`${path}.old`));
      },
    ],
  ])('is not ready once its file was %s under the running server', async (_, lose) => {
    const gateway = await gatewayOfContexts();
    await using standIn = gateway.standIn;
    const path = newPath();
    await using server = await TestServer.before(standIn, { STORE_URL: `sqlite:${path}` });
    const create = async () => (await server.query(CREATE, input())).errors[0]?.extensions.code;
    expect(await create()).toBeUndefined();
    lose(path);
    // A second later, nobody having asked whether it is ready: the creation that meets it is the last one that is billed.
    server.clock = () => NOON + 1_000;
    expect(await create()).toBe('INTERNAL_SERVER_ERROR');
    expect(await create()).toBe('INTERNAL_SERVER_ERROR');
    expect(gateway.created()).toBe(2);
    expect((await fetch(`${server.origin}/readyz`)).status).toBe(503);
  });

  it('says why in the log, once, also if nobody asks anything but whether it is ready', async () => {
    const path = newPath();
    await using server = await TestServer.start({ STORE_URL: `sqlite:${path}` });
    const ready = async () => (await fetch(`${server.origin}/readyz`)).status;
    expect([await ready(), server.log]).toEqual([200, []]);
    renameSync(path, `${path}.away`);
    expect([await ready(), await ready()]).toEqual([503, 503]);
    renameSync(`${path}.away`, path);
    expect([await ready(), await ready()]).toEqual([200, 200]);
    expect(server.log.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 40,
        reason: `${path} was deleted or replaced while it was open`,
        msg: 'the store cannot be used',
      },
      { level: 30, msg: 'the store can be used again' },
    ]);
  });

  describeWith(REDIS)('in Redis', () => {
    it('bills nothing while Redis is out of memory, whatever is read in between', async () => {
      await using redis = await RedisServer.start();
      const gateway = await gatewayOfContexts();
      await using standIn = gateway.standIn;
      await using server = await ServerProcess.before(standIn, redis.url);
      await server.untilReady(200);
      const { data } = await server.ask(CREATE, input());
      const client = new Redis(redis.url);
      await client.config('SET', 'maxmemory', '1mb', 'maxmemory-policy', 'noeviction');
      const codes = await createAll(server, data.createContext.id, 5);
      expect(new Set(codes)).toEqual(new Set(['INTERNAL_SERVER_ERROR']));
      expect(gateway.created()).toBeLessThanOrEqual(2);
      expect(await server.ready()).toBe(503);
      await client.config('SET', 'maxmemory', '0');
      expect(await server.ready()).toBe(200);
      expect((await server.ask(CREATE, input())).errors).toBeUndefined();
      await eventually(() => server.said.includes('the store can be used again'));
      expect(server.said).toMatch(/"reason":"OOM [^\n]*"the store cannot be used"/);
      client.disconnect();
    });
  });
});

describe('a SQLite file that another process has locked', () => {
  it('delays only writes, and keeps their order', async () => {
    const path = newPath();
    const gateway = await gatewayOfContexts();
    await using standIn = gateway.standIn;
    await using server = await TestServer.before(standIn, { STORE_URL: `sqlite:${path}` });
    const first = await server.query<{ createContext: { id: string } }>(CREATE, input());
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    const answered: number[] = [];
    const creating = [1, 2, 3].map(async (number) => {
      const { errors } = await server.query(CREATE, input());
      answered.push(number);
      return errors;
    });
    let isOver = false;
    let longest = 0;
    const looking = (async () => {
      while (!isOver) {
        const began = performance.now();
        expect((await fetch(`${server.origin}/healthz`)).status).toBe(200);
        longest = Math.max(longest, performance.now() - began);
        await pause(5);
      }
    })();
    await pause(1_500);
    const { errors } = await server.query(FIND, { id: first.data.createContext.id });
    expect(errors).toEqual([]);
    expect(answered).toEqual([]);
    other.exec('COMMIT');
    expect(await Promise.all(creating)).toEqual([[], [], []]);
    isOver = true;
    await looking;
    expect(longest).toBeLessThan(1_200);
    other.close();
  });

  it('is read by many at once while a write waits for it, and after the write was given up', async () => {
    const path = newPath();
    const store = openStore(`sqlite:${path}`, silent);
    const readBoth = () => Promise.all(['a', 'b'].map((key) => store.value(key, NOON)));
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    const writing = store.setValue('a', 'late', DAY_MS, NOON).catch((error) => error);
    await pause(100);
    expect(await readBoth()).toEqual([null, null]);
    expect(await writing).toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
    expect(await readBoth()).toEqual([null, null]);
    other.exec('COMMIT');
    expect(other.prepare('PRAGMA wal_checkpoint(TRUNCATE)').raw().get()).toEqual([0, 0, 0]);
    other.close();
    await store.close();
  });

  it('fails a write after two seconds, and later ones after their own two seconds', async () => {
    const path = newPath();
    const store = openStore(`sqlite:${path}`, silent);
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    const began = performance.now();
    const early = store.setValue('a', 'early', DAY_MS, NOON).catch((error) => error);
    await pause(1_500);
    const late = store.setValue('a', 'late', DAY_MS, NOON);
    expect(await early).toMatchObject({ code: 'INTERNAL_SERVER_ERROR', retryable: true });
    expect(performance.now() - began).toBeLessThan(3_400);
    other.exec('COMMIT');
    await late;
    expect(await store.value('a', NOON)).toBe('late');
    other.close();
    await store.close();
  });
});

describe('the text in a SQLite file', () => {
  const filesOf = (path: string) => [path, `${path}-wal`, `${path}-shm`];
  const holds = (path: string, text: string) =>
    filesOf(path).some(
      (file) => statSync(file, { throwIfNoEntry: false }) && readFileSync(file).includes(text),
    );

  it('is overwritten when it expires', async () => {
    const path = newPath();
    const store = openStore(`sqlite:${path}`, silent);
    const [short, long] = ['an answer that ends'.repeat(9), 'another that ends'.repeat(900)];
    await store.setValue('answer:1', short, DAY_MS, NOON);
    await store.setValue('answer:2', long, DAY_MS, NOON);
    for (const text of [short, long.slice(0, 170)]) expect(holds(path, text)).toBe(true);
    await store.purgeExpired(NOON + DAY_MS);
    for (const text of ['an answer that ends', 'another that ends']) expect(holds(path, text)).toBe(false);
    await store.close();
  });

  it('of a run is overwritten once the run is no longer kept', async () => {
    const path = newPath();
    const store = openStore(`sqlite:${path}`, silent);
    const times = { startedAt: NOON, goneAt: NOON + DAY_MS, watchedAt: NOON };
    await store.runs.createRun({ id: 'run-1', callerId: 'alice', holder: 'h', ...times, data: '{}' });
    const parts = [{ seq: 1, data: 'the text of a run '.repeat(50) }];
    await store.runs.updateRuns([{ id: 'run-1', state: null, parts }], NOON);
    expect(holds(path, 'the text of a run')).toBe(true);
    await store.purgeExpired(NOON + DAY_MS);
    expect(holds(path, 'the text of a run')).toBe(false);
    await store.close();
  });

  it('is readable only by the file’s owner, even if the files already existed', async () => {
    const path = newPath();
    const before = openStore(`sqlite:${path}`, silent);
    for (const file of filesOf(path)) chmodSync(file, 0o644);
    const store = openStore(`sqlite:${path}`, silent);
    for (const file of filesOf(path)) expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o600]);
    await store.close();
    await before.close();
  });
});
