import { Redis } from 'ioredis';
import { pino } from 'pino';
import { HOUR_MS } from '../../../src/store/hours.js';
import { openStore } from '../../../src/store/open-store.js';
import { describeWith, REDIS } from '../../support/programs.js';
import { RedisServer } from '../../support/redis.js';
import { NOON } from '../../support/server.js';

const silent = pino({ level: 'silent' });
const USED = { chats: 1, promptTokens: 100, cachedTokens: 80, completionTokens: 7 };
const USE = {
  startedAt: NOON,
  at: NOON,
  expiresAt: NOON + HOUR_MS,
  ...USED,
  estimatedTokens: 9,
  bill: null,
  kept: null,
};

describeWith(REDIS)('versions that share a Redis', () => {
  let server: RedisServer;
  let client: Redis;
  beforeAll(async () => {
    server = await RedisServer.start();
    client = new Redis(server.url, { keyPrefix: 'graphql-context-cache:' });
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });
  const open = async () => {
    const store = openStore(server.url, silent);
    while (
      !(await store.check().then(
        () => true,
        () => false,
      ))
    )
      await new Promise(setImmediate);
    return store;
  };

  it('read entries with fewer numbers and preserve unknown ones', async () => {
    const store = await open();
    const data = JSON.stringify(['m', 'SESSION', 60, NOON, null, '[]']);
    await client.hset('c:ctx-1:', 'd', data, 'g', NOON + HOUR_MS, 'later', 'x');
    await client.hset('c:ctx-1:', 'h:old', `${NOON},${NOON},1,100,80,7`);
    await client.hset('c:ctx-1:', 'h:new', `${NOON},${NOON},1,100,80,7,5,42`);
    const totals = { ...USED, estimatedTokens: 0 };
    expect(await store.ownedContext('old', 'ctx-1:', NOON)).toMatchObject({ totals });
    for (const caller of ['old', 'new']) await store.use(caller, 'ctx-1:', USE);
    expect(await client.hget('c:ctx-1:', 'h:old')).toBe(`${NOON},${NOON},2,200,160,14,9`);
    expect(await client.hget('c:ctx-1:', 'h:new')).toBe(`${NOON},${NOON},2,200,160,14,14,42`);
    expect(await client.hget('c:ctx-1:', 'later')).toBe('x');
    await client.hset(`u:old:${Math.floor(NOON / (24 * HOUR_MS))}`, `${NOON}:9:m`, 1);
    expect(await store.usage('old', 0, NOON)).toMatchObject([{ chats: 1, estimatedTokens: 9 }]);
    await store.close();
  });

  it('respect each other’s leases', async () => {
    const store = await open();
    // As a version without queues takes it, by its own clock.
    await client.set('v:lease:chat', `${Date.now() + HOUR_MS}earlier`);
    expect(await store.acquireLease('chat', 'now', HOUR_MS)).toBe(false);
    await client.del('v:lease:chat');
    expect(await store.acquireLease('chat', 'now', HOUR_MS)).toBe(true);
    expect(await store.addValue('lease:chat', 'earlier', HOUR_MS, Date.now())).toBe('now');
    await store.releaseLease('chat', 'now');
    expect(await store.addValue('lease:chat', 'earlier', HOUR_MS, Date.now())).toBeNull();
    await store.close();
  });

  it('refuse a newer layout, naming both, until it is gone', async () => {
    const store = await open();
    expect(await client.get('layout')).toBe('1');
    await client.set('layout', '2');
    await expect(store.check()).rejects.toMatchObject({
      cause: { message: expect.stringMatching('layout 2, .* newer .* up to 1') },
    });
    await expect(store.ready()).rejects.toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
    await client.set('layout', '1');
    await store.ready();
    await store.close();
  });
});
