import type { Logger } from 'pino';
import { Chats } from './chat/chats.js';
import { ChatResolver } from './chat/resolver.js';
import type { Config } from './config/config.js';
import { Contexts } from './contexts/contexts.js';
import { Creation } from './contexts/creation/creation.js';
import { KeptMessages } from './contexts/creation/kept-messages.js';
import { Recovery } from './contexts/creation/recovery.js';
import { Reuse } from './contexts/creation/reuse.js';
import { ContextResolver } from './contexts/resolver.js';
import { DetachedWork } from './coordination/detached-work.js';
import { Answers } from './coordination/idempotency.js';
import { Leases } from './coordination/leases.js';
import { Budgets } from './limits/budgets.js';
import { inMemory, inRedis } from './limits/counters.js';
import { inFile } from './limits/file-counters.js';
import { streamsInFile } from './limits/file-streams.js';
import { LimitsFile } from './limits/limits-file.js';
import { OpenStreams } from './limits/open-streams.js';
import { StreamsInRedis } from './limits/shared-streams.js';
import { ModelResolver } from './models/resolver.js';
import type { WatchedStore } from './registry/open-store.js';
import { connectRedis } from './registry/redis/store.js';
import type { Container } from './request-context.js';

export interface Below {
  store: WatchedStore;
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
  const answers = new Answers(store, leases, detachedWork, now, log);
  const messages = new KeptMessages(store, registry.storeMessages);
  const creation = new Creation(store, messages, budgets);
  const reuse = new Reuse({ store, leases, detachedWork, creation, scope: registry.reuseScope });
  const recovery = new Recovery({ store, leases, detachedWork, creation });
  const contexts = new Contexts({ store, answers, creation, reuse, recovery, messages, budgets, log });
  const openStreams = new OpenStreams(config.maxStreamsPerCaller, counters.sharedStreams);
  const chats = new Chats({ contexts, leases, answers, openStreams, budgets, detachedWork });
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
  return { newCounter: inMemory, sharedStreams: undefined, areConnected, close: () => undefined };
}

function countersInFile(path: string, now: () => number) {
  const file = new LimitsFile(path);
  const sharedStreams = streamsInFile(file, now);
  const close = () => {
    sharedStreams.close();
    file.close();
  };
  return { newCounter: inFile(file, now), sharedStreams, areConnected: () => true, close };
}

function countersInRedis(url: string, log: Logger) {
  const redis = connectRedis(url, ({ message }) =>
    log.warn({ reason: message }, 'callers are counted by this process alone'),
  );
  const sharedStreams = new StreamsInRedis(redis);
  const areConnected = () => redis.status === 'ready';
  const close = () => {
    sharedStreams.close();
    redis.disconnect();
  };
  return { newCounter: inRedis(redis), sharedStreams, areConnected, close };
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
