// First: type-graphql lists what it describes in the order of import, which is then the order of `schema/schema.graphql`.
import './schema/build.js';
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { identifier, serverAsCaller, whyRefused } from './auth/authenticate.js';
import { type Config, SANDBOX_URL } from './config/config.js';
import { AppError } from './errors.js';
import { Gateway } from './gateway/data-source.js';
import { openProxy } from './gateway/http/connections.js';
import { Compiler } from './operations/compiled.js';
import { FINAL_RESULTS_MS, Operations } from './operations/operations.js';
import { openDocuments } from './operations/trusted-documents.js';
import { ChatPage } from './pages/chat-page.js';
import { MetricsPage } from './pages/metrics.js';
import { Playground } from './pages/playground/playground.js';
import { ModelList } from './pricing/model-list.js';
import { openPrompts } from './prompts/prompt-folder.js';
import { type NewContext, RequestContext } from './request-context.js';
import { startSandbox } from './sandbox/server.js';
import { createSchema } from './schema/build.js';
import { toSubgraph } from './schema/federation.js';
import { createServices } from './services.js';
import { openConfiguredStore } from './store/open-store.js';
import { createLog, logOperations } from './telemetry/logs.js';
import { Metrics } from './telemetry/metrics.js';
import { openTraces } from './telemetry/traces.js';
import { logUnreached } from './telemetry/unreached.js';
import type { OnFinished } from './telemetry/work.js';
import { Cors } from './transports/cors.js';
import { Hosts } from './transports/hosts.js';
import { ApolloRunner } from './transports/http/apollo.js';
import { createHttpServer } from './transports/http/server.js';
import type { TransportOptions } from './transports/options.js';
import { TIMEOUTS, type Timeouts } from './transports/timeouts.js';
import { serveWebSockets } from './transports/web-socket/server.js';
import { waitUntil, within } from './util/wait.js';

export interface RunningServer {
  /** URL of the GraphQL endpoint. */
  readonly url: string;
  /** Accepts no new work, waits up to the grace time for running operations, and releases every resource. */
  close(): Promise<void>;
}

export interface ServerOptions {
  /** Milliseconds since the epoch. */
  now?: () => number;
  log?: Logger;
  /** Milliseconds between keep-alive messages on quiet streams; 12 seconds by default. */
  keepAliveMs?: number;
  timeouts?: Timeouts;
  /** An operation is compiled at this run; by default the second. */
  compiledFromRun?: number;
  /** Milliseconds between two looks at the contexts that are kept warm; a minute by default. */
  keepWarmEveryMs?: number;
  /** Milliseconds between two events of the built-in sandbox's streams. */
  sandboxChunkMs?: number;
}

/** Milliseconds to wait at the start for a store in Redis; the server then starts without it. */
const STORE_WAIT_MS = 2_000;
/** Milliseconds between two removals of expired entries from the store. */
const PURGE_MS = 60_000;

/** The composition root, with `services.ts`. */
export async function startServer(config: Config, options: ServerOptions = {}): Promise<RunningServer> {
  const { now = Date.now, log = createLog(config.logLevel), keepAliveMs = 12_000 } = options;
  const { timeouts = TIMEOUTS, compiledFromRun } = options;
  const documents = openDocuments(config.trustedDocuments);
  const models = await ModelList.open(config, log);
  const promptFolder = await openPrompts(config, { models, log });
  const metrics = new Metrics();
  const traces = await openTraces(config.tracing);
  const sandbox = config.gateway.url === SANDBOX_URL ? await openSandbox(config, options, now) : undefined;
  const { url, apiKey } = sandbox ?? config.gateway;
  const proxy = config.proxy && openProxy(config.proxy, config.gateway);
  const gateway = new Gateway({
    ...config.gateway,
    url,
    // The sandbox is in this process.
    ...(proxy && !sandbox && { proxy }),
    now,
    onCall: metrics.onCall,
    onUnreached: logUnreached(log, now),
  });
  const store = openConfiguredStore(config, log, metrics.onStoreUse);
  const observers = [logOperations(log), metrics.onOperation, ...(traces ? [traces.onOperation] : [])];
  const onFinished: OnFinished = (finished) => {
    for (const one of observers) one(finished);
  };
  const newServerRequest = () => newContext(serverAsCaller(apiKey as string));
  const { container, counters, openStreams, detachedWork, runs, keepWarm } = createServices(config, {
    store,
    models,
    promptFolder,
    newServerRequest: apiKey === undefined ? undefined : newServerRequest,
    onKeptWarm: metrics.onKeptWarm,
    onBooked: metrics.onBooked,
    onFinished,
    now,
    log,
  });
  await Promise.all([
    waitUntil(store.isReachable, STORE_WAIT_MS),
    waitUntil(counters.areConnected, STORE_WAIT_MS),
  ]);
  const newContext: NewContext = (caller, requestId = randomUUID()) => {
    const why = caller instanceof AppError ? whyRefused(caller) : undefined;
    if (why) log.debug({ requestId, ...why }, 'the caller could not be authenticated');
    return new RequestContext({ requestId, caller, gateway, container, now });
  };
  const schema = config.federation ? toSubgraph(createSchema(), config.introspection) : createSchema();
  const compiler = new Compiler(schema, compiledFromRun);
  if (compiledFromRun === 1) await compiler.load();
  const operations = new Operations({
    schema,
    compiler,
    introspection: config.introspection,
    documents,
    log,
    onFinished,
  });
  const isReady = async () => !operations.isDraining && (await store.isReachable());
  metrics.read({
    isReady,
    operationsInFlight: () => operations.inFlight,
    streamsOpen: () => openStreams.count,
    unusablePromptFiles: () => promptFolder?.unusableFiles ?? 0,
    breaker: () => ({ closed: 0, 'half-open': 0.5, open: 1 })[gateway.breakerState],
  });
  const apollo = new ApolloRunner(schema, operations, log);
  const transport: TransportOptions = {
    operations,
    documents,
    cors: new Cors(config.corsOrigins),
    hosts: new Hosts(config.allowedHosts),
    timeouts,
    identify: await identifier(config, apiKey, now, proxy),
    newContext,
    log,
    now,
    maxBodyBytes: config.maxBodyBytes,
    keepAliveMs,
  };
  const http = createHttpServer({
    ...transport,
    apollo,
    playground: config.playground ? new Playground(config.authMode) : undefined,
    // Probes and scrapers use whatever address they know. A page of another name that resolves to this machine has no token.
    hostless: new Set(['/healthz', '/readyz', ...(typeof config.metrics === 'object' ? ['/metrics'] : [])]),
    pages: [...(config.playground ? [new ChatPage()] : []), new MetricsPage(metrics, config.metrics)],
    isReady,
  });
  const closeWebSockets = serveWebSockets(http.server, transport);
  keepWarm?.start(options.keepWarmEveryMs);
  const purging = setInterval(() => void store.purgeExpired(now()).catch(() => undefined), PURGE_MS).unref();
  return {
    url: `${await http.listen(config.host, config.port)}/graphql`,
    async close() {
      const graceEnds = performance.now() + config.shutdownGraceMs;
      await Promise.all([
        operations.drain(config.shutdownGraceMs),
        runs.close(config.shutdownGraceMs),
        keepWarm?.close(),
        promptFolder?.close(),
        models.close(),
      ]);
      await within(graceEnds - performance.now(), detachedWork.settled());
      await Promise.all([closeWebSockets(), http.close()]);
      await apollo.stop();
      // Running gateway calls fail, and detached work records that.
      await gateway.close();
      await proxy?.destroy();
      await within(FINAL_RESULTS_MS, detachedWork.settled());
      counters.close();
      clearInterval(purging);
      await store.close();
      await within(FINAL_RESULTS_MS, traces?.close());
      await sandbox?.close();
    },
  };
}

function openSandbox({ gateway: { apiKey } }: Config, { sandboxChunkMs }: ServerOptions, now: () => number) {
  return startSandbox({
    now,
    ...(apiKey !== undefined && { apiKey }),
    ...(sandboxChunkMs !== undefined && { chunkMs: sandboxChunkMs }),
  });
}
