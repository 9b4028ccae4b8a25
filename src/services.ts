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
import { openCounters } from './limits/open-counters.js';
import { OpenStreams } from './limits/open-streams.js';
import { ModelResolver } from './models/resolver.js';
import type { MonitoredStore } from './registry/open-store.js';
import type { Container } from './request-context.js';

export interface ServiceDependencies {
  store: MonitoredStore;
  now: () => number;
  log: Logger;
}

/** Wires the resolvers to their services. */
export function createServices(config: Config, { store, now, log }: ServiceDependencies) {
  const { registry } = config;
  const counters = openCounters(registry.storeUrl, now, log);
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
  const container = containerOf([
    new ContextResolver(contexts),
    new ChatResolver(chats),
    new ModelResolver(),
  ]);
  return { container, counters, openStreams, detachedWork };
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
