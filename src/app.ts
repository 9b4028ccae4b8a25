// First: type-graphql lists what it describes in the order of import, which is then the order of `schema/schema.graphql`.
import './schema/build.js';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Dispatcher } from 'undici';
import { authenticator, whyRefused } from './auth/authenticate.js';
import { type Config, ConfigError, type GatewayConfig, SANDBOX_URL } from './config/config.js';
import { AppError, toAppError } from './errors.js';
import { Gateway } from './gateway/data-source.js';
import { openProxy } from './gateway/http/proxy.js';
import { Compiler } from './operations/compiled.js';
import { LAST_WORDS_MS, Operations } from './operations/operations.js';
import { openDocuments } from './operations/trusted-documents.js';
import { ChatPage } from './pages/chat-page.js';
import { MetricsPage } from './pages/metrics.js';
import { Playground } from './pages/playground.js';
import { type OnUse, openStore, type WatchedStore } from './registry/open-store.js';
import { type Identify, type NewContext, RequestContext } from './request-context.js';
import { type Sandbox, startSandbox } from './sandbox/server.js';
import { createSchema } from './schema/build.js';
import { toSubgraph } from './schema/federation.js';
import { createResolvers } from './services.js';
import { createLog, logOperations } from './telemetry/logs.js';
import { Metrics } from './telemetry/metrics.js';
import { openTraces } from './telemetry/traces.js';
import { logUnreached } from './telemetry/unreached.js';
import { Cors } from './transports/cors.js';
import { Hosts } from './transports/hosts.js';
import { ApolloWay } from './transports/http/apollo-way.js';
import { createHttpServer } from './transports/http/server.js';
import { TIMEOUTS, type Timeouts } from './transports/timeouts.js';
import { serveWebSockets } from './transports/web-socket/server.js';

export interface RunningServer {
  /** Address of the GraphQL endpoint. */
  readonly url: string;
  /** Takes no new work, lets what runs finish within the grace time, and frees everything. */
  close(): Promise<void>;
}

export interface Surroundings {
  /** Milliseconds since the epoch. */
  now?: () => number;
  log?: Logger;
  /** Milliseconds between the signs of life on a quiet stream; 12 seconds where it is left out. */
  keepAliveMs?: number;
  timeouts?: Timeouts;
  /** The run of an operation from which on it is compiled, the second where it is left out. */
  compiledFromRun?: number;
  /** Milliseconds between two events of a stream of the built-in sandbox; its own default where it is left out. */
  sandboxChunkMs?: number;
}

/** Milliseconds that a store which has to be connected to is waited for; it may come later, too. */
const STORE_WAIT_MS = 2_000;
/** Milliseconds after which what has expired is gone from the store also where nobody writes. */
const TIDY_MS = 60_000;

/** The composition root: the only place that knows every part. */
export async function startServer(config: Config, surroundings: Surroundings = {}): Promise<RunningServer> {
  const {
    now = Date.now,
    log = createLog(config.logLevel),
    keepAliveMs = 12_000,
    timeouts = TIMEOUTS,
    compiledFromRun,
    sandboxChunkMs,
  } = surroundings;
  const documents = openDocuments(config.trustedDocuments);
  const cors = new Cors(config.corsOrigins);
  const hosts = new Hosts(config.allowedHosts);
  const metrics = new Metrics();
  const traces = await openTraces(config.tracing);
  const sandbox =
    config.gateway.url === SANDBOX_URL ? await startSandboxFor(config, now, sandboxChunkMs) : undefined;
  const gatewayConfig = sandbox
    ? { ...config.gateway, url: sandbox.url, apiKey: sandbox.apiKey }
    : config.gateway;
  const proxy = config.proxy && openProxy(config.proxy, config.gateway);
  const gateway = new Gateway({
    ...gatewayConfig,
    // The sandbox is in this process.
    ...(proxy && !sandbox && { proxy }),
    now,
    onCall: metrics.onCall,
    onUnreached: logUnreached(log, now),
  });
  const store = openStoreOf(config, log, metrics.onStoreUse);
  const {
    container,
    openStreams,
    detachedWork,
    countersAreConnected,
    close: closeResolvers,
  } = createResolvers(config, { store, now, log });
  // Until then each process would count callers for itself.
  await Promise.all([waitFor(() => isReachable(store)), waitFor(countersAreConnected)]);
  const identify = await identifier(config, gatewayConfig, now, proxy);
  const newContext: NewContext = (caller, requestId = randomUUID()) => {
    const why = caller instanceof AppError ? whyRefused(caller) : undefined;
    if (why) log.debug({ requestId, ...why }, 'the caller could not be authenticated');
    return new RequestContext({ requestId, caller, gateway, container, now });
  };
  const schema = config.federation ? toSubgraph(createSchema(), config.introspection) : createSchema();
  const watchers = [logOperations(log), metrics.onOperation, ...(traces ? [traces.onOperation] : [])];
  const compiler = new Compiler(schema, compiledFromRun);
  if (compiledFromRun === 1) await compiler.load();
  const operations = new Operations({
    schema,
    compiler,
    introspection: config.introspection,
    documents,
    log,
    watch: (finished) => {
      for (const watch of watchers) watch(finished);
    },
  });
  const isReady = async () => !operations.isDraining && (await isReachable(store));
  metrics.read({
    isReady,
    operationsInFlight: () => operations.inFlight,
    streamsOpen: () => openStreams.count,
    breaker: () => ({ closed: 0, 'half-open': 0.5, open: 1 })[gateway.breakerState],
  });
  const apollo = new ApolloWay(schema, operations, log);
  const { server, close: closeHttp } = createHttpServer({
    apollo,
    operations,
    documents,
    cors,
    hosts,
    timeouts,
    playground: config.playground ? new Playground(tabHeaders(config)) : undefined,
    pages: [...(config.playground ? [new ChatPage()] : []), new MetricsPage(metrics, config.metrics)],
    identify,
    newContext,
    log,
    maxBodyBytes: config.maxBodyBytes,
    keepAliveMs,
    isReady,
  });
  const closeWebSockets = serveWebSockets({
    server,
    operations,
    documents,
    cors,
    hosts,
    timeouts,
    identify,
    newContext,
    log,
    now,
    maxMessageBytes: config.maxBodyBytes,
    keepAliveMs,
  });
  const tidying = setInterval(() => void store.tidy(now()).catch(() => undefined), TIDY_MS).unref();
  await listen(server, config);
  return {
    url: `http://${isIPv6(config.host) ? `[${config.host}]` : config.host}:${(server.address() as AddressInfo).port}/graphql`,
    async close() {
      const graceEnds = performance.now() + config.shutdownGraceMs;
      await operations.drain(config.shutdownGraceMs);
      await within(graceEnds - performance.now(), detachedWork.settled());
      await Promise.all([closeWebSockets(), closeHttp()]);
      await apollo.stop();
      // What still calls the gateway fails with this, and gets to note it.
      await gateway.close();
      await proxy?.destroy();
      await within(LAST_WORDS_MS, detachedWork.settled());
      closeResolvers();
      clearInterval(tidying);
      await store.close();
      await within(LAST_WORDS_MS, traces?.close());
      await sandbox?.close();
    },
  };
}

async function listen(server: Server, { host, port }: Config): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ConfigError([whyNotListening(error as NodeJS.ErrnoException, host, port)]);
  }
}

function whyNotListening({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === 'EADDRINUSE') return `PORT ${port} on ${host} is in use; name another, or 0 for a free one`;
  if (code === 'EACCES') return `PORT ${port} may not be used by this user; name one from 1024 on`;
  return `HOST ${host} is not an address of this machine (${code ?? message})`;
}

/** A file is opened now or never; a Redis may also come later. */
function openStoreOf({ registry, settings }: Config, log: Logger, onUse: OnUse): WatchedStore {
  try {
    return openStore(registry.storeUrl, log, onUse);
  } catch (error) {
    const reason = (error as Error).message;
    throw new ConfigError([`STORE_URL ${settings.get('STORE_URL')} cannot be opened: ${reason}`]);
  }
}

async function identifier(
  config: Config,
  { apiKey }: GatewayConfig,
  now: () => number,
  proxy: Dispatcher | undefined,
): Promise<Identify> {
  const authenticate = await authenticator(config, apiKey, now, proxy);
  return async (authorization) => {
    try {
      return await authenticate(authorization);
    } catch (error) {
      return toAppError(error);
    }
  };
}

async function isReachable(store: WatchedStore): Promise<boolean> {
  try {
    await store.check();
    return true;
  } catch {
    return false;
  }
}

async function waitFor(isThere: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + STORE_WAIT_MS;
  while (!(await isThere()) && performance.now() < deadline) await pause(20);
}

/** Waits for it, so many milliseconds at most. */
async function within(longestMs: number, work: Promise<void> | undefined): Promise<void> {
  const late = new AbortController();
  const wait = pause(Math.max(longestMs, 0), undefined, { signal: late.signal }).catch(() => undefined);
  await Promise.race([work, wait]);
  late.abort();
}

function startSandboxFor({ gateway }: Config, now: () => number, chunkMs?: number): Promise<Sandbox> {
  return startSandbox({
    now,
    ...(gateway.apiKey !== undefined && { apiKey: gateway.apiKey }),
    ...(chunkMs !== undefined && { chunkMs }),
  });
}

function tabHeaders({ authMode }: Config): string {
  return authMode === 'none' ? '{}' : '{ "Authorization": "Bearer your-key-or-token" }';
}
