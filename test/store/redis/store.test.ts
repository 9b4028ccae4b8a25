import { Redis } from 'ioredis';
import { pino } from 'pino';
import { DAY_MS, HOUR_MS } from '../../../src/store/hours.js';
import { openStore } from '../../../src/store/open-store.js';
import { PURGE_DELAY_MS, type Store, USAGE_RETENTION_MS } from '../../../src/store/store.js';
import { describeWith, REDIS } from '../../support/programs.js';
import { RedisServer } from '../../support/redis.js';
import { NOON } from '../../support/server.js';
import { conformance, record, TOKENS, unowned } from '../conformance.js';

const silent = pino({ level: 'silent' });

describeWith(REDIS)('the store in Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());
  const open = () => openAt(server.url);
  conformance(open, async (ms) => {
    const client = new Redis(server.url);
    for (const key of await client.keys('*')) {
      const rest = await client.pttl(key);
      if (rest >= 0) await client.pexpire(key, rest - ms);
    }
    client.disconnect();
  });

  it('lets Redis delete expired keys after a delay', async () => {
    const store = await open();
    const context = record();
    await store.create(context, 'the one who clears');
    await store.setValue('short', 'x', HOUR_MS, NOON);
    const client = new Redis(server.url);
    for (const key of [`c:${context.key}`, 'l:the one who clears', 'v:short']) {
      const rest = await client.pttl(`graphql-context-cache:${key}`);
      expect(rest).toBeGreaterThan(HOUR_MS);
      expect(rest).toBeLessThanOrEqual(HOUR_MS + PURGE_DELAY_MS);
    }
    client.disconnect();
    await store.close();
  });

  it('keeps a context in Redis as long as its last chat extended it, and usage for its retention time', async () => {
    const store = await open();
    const context = record();
    await store.create(context, 'the one who owns');
    const extended = { key: context.key, expiresAt: NOON + 3 * HOUR_MS };
    await store.addUsage(
      unowned([{ scope: 'the one who chats', name: 'p' }], TOKENS, NOON + HOUR_MS, extended),
    );
    const client = new Redis(server.url);
    const leftOf = (key: string) => client.pttl(`graphql-context-cache:${key}`);
    expect(await leftOf(`c:${context.key}`)).toBeGreaterThan(2 * HOUR_MS);
    expect(await leftOf(`c:${context.key}`)).toBeLessThanOrEqual(2 * HOUR_MS + PURGE_DELAY_MS);
    expect(await leftOf(`u:the one who chats:${Math.floor(NOON / DAY_MS)}`)).toBeGreaterThan(
      USAGE_RETENTION_MS,
    );
    client.disconnect();
    await store.close();
  });

  it('says why a full Redis stores no run', async () => {
    const store = await open();
    const client = new Redis(server.url);
    const times = { startedAt: NOON, watchedAt: NOON, goneAt: NOON + HOUR_MS };
    const run = { id: 'run-1', callerId: 'the one who asks', holder: 'process-1', data: '{}', ...times };
    const full = { cause: { message: expect.stringContaining('OOM command not allowed') } };
    await client.config('SET', 'maxmemory', '1');
    await expect(store.runs.createRun(run)).rejects.toMatchObject(full);
    await client.config('SET', 'maxmemory', '0');
    await store.runs.createRun(run);
    await client.config('SET', 'maxmemory', '1');
    await expect(store.runs.requestStop('run-1')).rejects.toMatchObject(full);
    await client.config('SET', 'maxmemory', '0');
    client.disconnect();
    await store.close();
  });

  it('removes entries of deleted contexts from a growing list', async () => {
    const store = await open();
    const client = new Redis(server.url);
    const holder = 'the one who lists';
    for (let n = 0; n < 20; n++) {
      const context = record({ createdAt: NOON + n });
      await store.create(context, holder);
      await store.remove(context.key);
    }
    await store.create(record({ createdAt: NOON + 100 }), holder);
    expect(await client.zcard(`graphql-context-cache:l:${holder}`)).toBeLessThanOrEqual(2);
    client.disconnect();
    await store.close();
  });

  it('removes entries of deleted contexts from behind those that live long, and of contexts that others created again', async () => {
    const store = await open();
    const client = new Redis(server.url);
    const holder = 'the one who creates';
    const expiresAt = NOON + 7 * DAY_MS;
    const long = [0, 1].map((n) => record({ createdAt: NOON + n, expiresAt }));
    for (const context of long) await store.create(context, holder);
    for (let n = 10; n < 2_000; n++) {
      const context = record({ createdAt: NOON + n });
      await store.create(context, holder);
      if (n % 2) await store.remove(context.key);
      else await store.create({ ...context, createdAt: NOON + n + 1 }, 'a newcomer');
    }
    expect(await client.zcard(`graphql-context-cache:l:${holder}`)).toBeLessThan(100);
    const listed = await store.ownedContexts(holder, 100, null, NOON);
    expect(listed.map(({ context }) => context.id)).toEqual(long.map(({ id }) => id).toReversed());
    client.disconnect();
    await store.close();
  });

  it('fails at once while the server is down, and recovers', async () => {
    await using own = await RedisServer.start();
    const store = await openAt(own.url);
    await own.stop();
    const context = record();
    await expect(store.create(context, 'caller')).rejects.toMatchObject({
      code: 'INTERNAL_SERVER_ERROR',
      retryable: true,
      message: expect.not.stringContaining('127.0.0.1'),
    });
    await expect(store.ready()).rejects.toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
    await own.startAgain();
    await untilUp(store);
    await store.create(context, 'caller');
    expect(await store.ownedContext('caller', context.key, NOON)).toMatchObject({ context });
    await store.close();
  });
});

async function openAt(url: string) {
  const store = openStore(url, silent);
  await untilUp(store);
  return store;
}

async function untilUp(store: Store): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const isUp = await store.check().then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
