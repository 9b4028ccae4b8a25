import type { Logger } from 'pino';
import { Chats } from './chat/chats.js';
import { ChatResolver } from './chat/resolver.js';
import type { Config } from './config/config.js';
import { Contexts } from './contexts/contexts.js';
import { Creation } from './contexts/creation/creation.js';
import { Recovery } from './contexts/creation/recovery.js';
import { Reuse } from './contexts/creation/reuse.js';
import { StoredMessages } from './contexts/creation/stored-messages.js';
import { ContextResolver } from './contexts/resolver.js';
import { DetachedWork } from './coordination/detached-work.js';
import { Idempotency } from './coordination/idempotency.js';
import { Leases } from './coordination/leases.js';
import { Budgets } from './limits/budgets.js';
import { memoryCounters } from './limits/counters.js';
import { OpenStreams } from './limits/open-streams.js';
import { redisCounters } from './limits/redis/counters.js';
import { RedisStreams } from './limits/redis/streams.js';
import { sqliteCounters } from './limits/sqlite/counters.js';
import { LimitsDatabase } from './limits/sqlite/database.js';
import { SqliteStreams } from './limits/sqlite/streams.js';
import { ModelResolver } from './models/resolver.js';
import type { MonitoredStore } from './registry/open-store.js';
import { connectRedis } from './registry/redis/store.js';
import type { Container } from './request-context.js';

export interface Below {
  store: MonitoredStore;
  now: () => number;
  log: Logger;
}

/** Each resolver with what it needs. */
export function createResolvers(config: Config, { store, now, log }: Below) {
  const { registry } = config;
  const counters = openCounters(config, now, log);
  const budgets = new Budgets(config.budgets, counters.newCounter, log);
  const leases = new Leases({ store, maxWaitMs: config.gateway.totalTimeoutMs });
  const detachedWork = new DetachedWork();
  const idempotency = new Idempotency(store, leases, detachedWork, now, log);
  const messages = new StoredMessages(store, registry.storeMessages);
  const creation = new Creation(store, messages, budgets);
  const reuse = new Reuse({ store, leases, detachedWork, creation, scope: registry.reuseScope });
  const recovery = new Recovery({ store, leases, detachedWork, creation });
  const contexts = new Contexts({ store, idempotency, creation, reuse, recovery, messages, budgets, log });
  const openStreams = new OpenStreams(config.maxStreamsPerCaller, counters.sharedStreams);
  const chats = new Chats({ contexts, leases, idempotency, openStreams, budgets, detachedWork });
  const resolvers = [new ContextResolver(contexts), new ChatResolver(chats), new ModelResolver()];
  const { areConnected: countersAreConnected, close } = counters;
  return { container: containerOf(resolvers), openStreams, detachedWork, countersAreConnected, close };
}

/** Callers are counted where their contexts are: in this process, in the file or in the Redis that many share. */
function openCounters({ registry: { storeUrl } }: Config, now: () => number, log: Logger) {
  const path = /^sqlite:(.*)$/.exec(storeUrl)?.[1];
  if (path === undefined) return countersInRedis(storeUrl, log);
  return path === ':memory:' ? countersInMemory() : countersInFile(path, now);
}

function countersInMemory() {
  const areConnected = () => true;
  return { newCounter: memoryCounters, sharedStreams: undefined, areConnected, close: () => undefined };
}

function countersInFile(path: string, now: () => number) {
  const file = new LimitsDatabase(path);
  const sharedStreams = new SqliteStreams(file, now);
  const close = () => {
    sharedStreams.close();
    file.close();
  };
  return { newCounter: sqliteCounters(file, now), sharedStreams, areConnected: () => true, close };
}

function countersInRedis(url: string, log: Logger) {
  const redis = connectRedis(url, ({ message }) =>
    log.warn({ reason: message }, 'callers are counted by this process alone'),
  );
  const sharedStreams = new RedisStreams(redis);
  const areConnected = () => redis.status === 'ready';
  const close = () => {
    sharedStreams.close();
    redis.disconnect();
  };
  return { newCounter: redisCounters(redis), sharedStreams, areConnected, close };
}

function containerOf(resolvers: object[]): Container {
  return {
    get(wanted) {
      const resolver = resolvers.find((candidate) => candidate instanceof wanted);
      if (!resolver) throw new Error(`there is no ${wanted.name}`);
      return resolver as InstanceType<typeof wanted>;
    },
  };
}
