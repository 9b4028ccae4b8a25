import type { Logger } from 'pino';
import { Chats } from './chat/chats.js';
import { ChatResolver } from './chat/resolver.js';
import { RunResolver } from './chat/runs/resolver.js';
import { Runs } from './chat/runs/runs.js';
import type { Config } from './config/config.js';
import { Contexts } from './contexts/contexts.js';
import { Creation } from './contexts/creation/creation.js';
import { Recovery } from './contexts/creation/recovery.js';
import { Reuse } from './contexts/creation/reuse.js';
import { StoredMessages } from './contexts/creation/stored-messages.js';
import { Deletion } from './contexts/deletion.js';
import { ContextResolver } from './contexts/resolver.js';
import { DetachedWork } from './coordination/detached-work.js';
import { Idempotency } from './coordination/idempotency.js';
import { Leases } from './coordination/leases.js';
import { SingleFlight } from './coordination/single-flight.js';
import { CallerLimits } from './limits/caller-limits.js';
import { openCounters } from './limits/open-counters.js';
import { OpenStreams } from './limits/open-streams.js';
import { ModelResolver } from './models/resolver.js';
import { type BookedMoney, meteredStore } from './pricing/metered-store.js';
import type { ModelList } from './pricing/model-list.js';
import { PricingResolver } from './pricing/resolver.js';
import { KeepWarm } from './prompts/keep-warm.js';
import { PromptContexts } from './prompts/prompt-contexts.js';
import type { PromptFolder } from './prompts/prompt-folder.js';
import { Prompts } from './prompts/prompts.js';
import { PromptResolver } from './prompts/resolver.js';
import type { Container, RequestContext } from './request-context.js';
import { DAY_MS } from './store/hours.js';
import type { MonitoredStore } from './store/open-store.js';
import type { OnFinished } from './telemetry/work.js';

export interface ServiceDependencies {
  store: MonitoredStore;
  models: ModelList;
  promptFolder: PromptFolder | undefined;
  /** A request of the server itself, if it has a key of its own. */
  newServerRequest: (() => RequestContext) | undefined;
  /** Called with the work of each run of a chat; must not throw. */
  onFinished: OnFinished;
  /** Called with the prompt tokens of each renewal of a prompt's context. */
  onKeptWarm: (prompt: string, tokens: number) => void;
  /** Called with what each call cost. */
  onBooked: (money: BookedMoney) => void;
  now: () => number;
  log: Logger;
}

const NO_LIMITS = { createsPerMinute: 0, chatsPerMinute: 0, tokensPerDay: 0, billionthsPerDay: 0 };

/** Wires the resolvers to their services. */
export function createServices(config: Config, dependencies: ServiceDependencies) {
  const { models, promptFolder, now, log } = dependencies;
  const store = meteredStore(dependencies.store, dependencies.onBooked);
  const counters = openCounters(config.store.url, now, log);
  const limits = new CallerLimits(config.limits, counters.newCounter, log);
  const leases = new Leases({ store, maxWaitMs: config.gateway.totalTimeoutMs });
  const detachedWork = new DetachedWork();
  const idempotency = new Idempotency(store, leases, detachedWork, now, log);
  const messages = new StoredMessages(store, config.store.keepMessages);
  const creation = new Creation(store, messages, limits, models);
  const reuse = new Reuse(store, creation, new SingleFlight(leases, detachedWork), config.store.reuseScope);
  const recovery = new Recovery(store, creation, new SingleFlight(leases, detachedWork));
  const deletion = new Deletion(store, detachedWork, log);
  const contexts = new Contexts({
    ...{ store, idempotency, creation, reuse, recovery, deletion, messages, limits, models, log },
  });
  const openStreams = new OpenStreams(config.maxStreamsPerCaller, counters.sharedStreams);
  const prompts = new Prompts(promptFolder);
  const promptContexts = openPromptContexts();
  const chats = new Chats({
    contexts,
    prompts,
    promptContexts,
    leases,
    idempotency,
    openStreams,
    limits,
    models,
    detachedWork,
  });
  const longestChatMs = 2 * config.gateway.totalTimeoutMs;
  const { onFinished } = dependencies;
  const runs = new Runs({
    ...{ chats, contexts, store, leases, now, log, config: config.runs, onFinished, longestChatMs },
  });
  const container = containerOf([
    new ContextResolver(contexts, store),
    new ChatResolver(chats, runs),
    new RunResolver(runs),
    new PromptResolver({ prompts, contexts: promptContexts, store }),
    new ModelResolver(models),
    new PricingResolver(models),
  ]);
  return { container, counters, openStreams, detachedWork, runs, keepWarm: createKeepWarm() };

  /** Without the limits of callers, who share them, and without stored messages: the files have them. */
  function openPromptContexts() {
    const unlimited = new CallerLimits(NO_LIMITS, counters.newCounter, log);
    const creation = new Creation(store, new StoredMessages(store, false), unlimited, models);
    const reuse = new Reuse(store, creation, new SingleFlight(leases, detachedWork), 'caller');
    return new PromptContexts({ store, reuse, detachedWork, waitMs: config.prompts.waitMs, log });
  }

  function createKeepWarm(): KeepWarm | undefined {
    const { newServerRequest: newRequest, onKeptWarm: onRenewed } = dependencies;
    const { keepWarmTokensPerDay: maxTokensPerDay } = config.prompts;
    if (!promptFolder || !newRequest || maxTokensPerDay === 0) return undefined;
    const spent = counters.newCounter({ name: 'keep-warm', windowSeconds: DAY_MS / 1_000 });
    const parts = {
      contexts: promptContexts,
      store,
      leases,
      models,
      spent,
      maxTokensPerDay,
      newRequest,
      onRenewed,
      log,
    };
    return new KeepWarm({ ...parts, prompts: () => promptFolder.all() });
  }
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
