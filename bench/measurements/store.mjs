import { join } from 'node:path';
import { startRedis } from '../support/redis.mjs';
import { interleave, medianRatio, medians } from '../support/rounds.mjs';
import { cpuPerCall, Filled } from '../support/store.mjs';

/** Concurrent calls; as many as the createContext measurement has connections. */
const IN_FLIGHT = 64;

/**
 * Drives the store's classes directly: processor time per create, use and look-up, and bytes per context, with few and many
 * contexts and callers. The contexts of a round are removed before the next one.
 */
export async function measureStore({ folder, rounds, sizes, callers, calls }) {
  const { SqliteStore } = await import('../../build/store/sqlite/store.js');
  const { RedisStore } = await import('../../build/store/redis/store.js');
  const rows = {};
  for (const count of callers) {
    const shapes = sizes.map((size) => ({ size, callers: count }));
    const sqlite = ({ size }) => {
      const path = join(folder, `store-${size}-${count}.db`);
      return Filled.create(new SqliteStore(path), { size, callers: count, path });
    };
    Object.assign(rows, await measureStores('SQLite', shapes, sqlite, rounds, calls));
    const redis = async ({ size }) => {
      const server = await startRedis(folder);
      const store = new RedisStore(server.url, () => undefined);
      return server.whenReady(store).then(() => Filled.create(store, { size, callers: count, server }));
    };
    if (startRedis.isPossible()) {
      Object.assign(rows, await measureStores('Redis', shapes, redis, rounds, calls));
    }
  }
  if (!startRedis.isPossible()) console.log('redis-server is not installed: the store in Redis is left out.');
  return rows;
}

async function measureStores(name, shapes, fill, rounds, calls) {
  const stores = [];
  for (const shape of shapes) stores.push(await fill(shape));
  const labels = shapes.map(({ size, callers }) => `${name}, ${size} contexts, ${callers} callers`);
  const measured = await interleave(labels, rounds, (label) =>
    measureOnce(stores[labels.indexOf(label)], calls),
  );
  const [few] = measured;
  const rows = labels.map((label, place) => [
    label,
    {
      ...medians(measured[place]),
      createTimesFew: medianRatio(measured[place], few, 'createMicroseconds'),
      useTimesFew: medianRatio(measured[place], few, 'useMicroseconds'),
      lookUpTimesFew: medianRatio(measured[place], few, 'lookUpMicroseconds'),
      bytesPerContext: stores[place].bytesPerContext,
    },
  ]);
  for (const store of stores) await store.end();
  return Object.fromEntries(rows);
}

async function measureOnce(filled, calls) {
  const { store, server } = filled;
  const created = [];
  const newOnes = (count) => filled.newOnes(count);
  const someOf = (count) => filled.someOf(count);
  const step = (make, call) => cpuPerCall({ server, calls, atATime: IN_FLIGHT, make, call });
  const create = await step(newOnes, ({ context, callerId }) => {
    created.push(context.key);
    return store.create(context, callerId);
  });
  const use = await step(someOf, ({ callerId, context, use }) => store.use(callerId, context.key, use));
  const lookUp = await step(someOf, ({ callerId, context }) =>
    store.ownedContext(callerId, context.key, filled.now),
  );
  await filled.takeBack(created);
  return {
    createMicroseconds: create.own,
    useMicroseconds: use.own,
    lookUpMicroseconds: lookUp.own,
    ...(server && {
      createServerMicroseconds: create.servers,
      useServerMicroseconds: use.servers,
      lookUpServerMicroseconds: lookUp.servers,
    }),
  };
}
