import { Redis } from 'ioredis';
import { RedisStreams } from '../../../src/limits/redis/streams.js';
import { eventually } from '../../support/eventually.js';
import { describeWith, REDIS } from '../../support/programs.js';
import { RedisServer } from '../../support/redis.js';

describeWith(REDIS)('the slots of streams in Redis', () => {
  let server: RedisServer;
  let caller = 0;
  const clients: Redis[] = [];
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  beforeEach(() => void caller++);
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await server.stop();
  });
  /** A process: its places expire after `placeMs` unless it renews them. */
  const process = (renewMs: number, placeMs: number) => {
    const client = new Redis(server.url);
    clients.push(client);
    return new RedisStreams(client, renewMs, placeMs);
  };

  it('are kept by a live process until the stream ends', async () => {
    const [one, two] = [process(20, 150), process(20, 150)];
    expect(await one.acquire(`${caller}`, 'a', 1)).toBe(true);
    const until = performance.now() + 400;
    while (performance.now() < until) expect(await two.acquire(`${caller}`, 'b', 1)).toBe(false);
    await one.release(`${caller}`, 'a');
    expect(await two.acquire(`${caller}`, 'b', 1)).toBe(true);
    for (const each of [one, two]) each.close();
  });

  it('expire soon after their process was killed', async () => {
    const [killed, heir] = [process(20, 150), process(20, 60_000)];
    expect(await killed.acquire(`${caller}`, 'a', 1)).toBe(true);
    expect(await heir.acquire(`${caller}`, 'b', 1)).toBe(false);
    killed.close();
    await eventually(() => heir.acquire(`${caller}`, 'b', 1));
    heir.close();
  });

  it('outlive a renewal by a process with a shorter expiry', async () => {
    const [longer, shorter] = [process(60_000, 60_000), process(20, 100)];
    expect(await longer.acquire(`${caller}`, 'a', 2)).toBe(true);
    expect(await shorter.acquire(`${caller}`, 'b', 2)).toBe(true);
    shorter.close();
    await eventually(() => longer.acquire(`${caller}`, 'c', 2));
    expect(await longer.acquire(`${caller}`, 'd', 2)).toBe(false);
    for (const each of [longer, shorter]) each.close();
  });
});
