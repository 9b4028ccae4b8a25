import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type Logger, pino } from 'pino';
import { authenticator } from './auth/authenticate.js';
import { Chats } from './chat/chats.js';
import { ChatResolver } from './chat/resolver.js';
import { type Config, SANDBOX_URL } from './config.js';
import { Contexts } from './contexts/contexts.js';
import { Creation } from './contexts/creation.js';
import { KeptMessages } from './contexts/kept-messages.js';
import { Recovery } from './contexts/recovery.js';
import { ContextResolver } from './contexts/resolver.js';
import { Reuse } from './contexts/reuse.js';
import { toAppError } from './errors.js';
import { Gateway } from './gateway/data-source.js';
import { createApollo } from './http/apollo.js';
import { ExamplePage } from './http/example-page.js';
import { Operations } from './http/operations.js';
import { Playground } from './http/playground.js';
import { createHttpServer } from './http/server.js';
import { serveWebSockets } from './http/web-socket.js';
import { OpenStreams } from './limits/open-streams.js';
import { ModelResolver } from './models/resolver.js';
import { Answers } from './registry/answers.js';
import { Leases } from './registry/leases.js';
import { openStore, type WatchedStore } from './registry/open-store.js';
import { type Container, type Identify, type NewContext, RequestContext } from './request-context.js';
import { type Sandbox, startSandbox } from './sandbox/server.js';
import { createSchema } from './schema.js';

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
}

/** The composition root: the only place that knows every part. */
export async function startServer(config: Config, surroundings: Surroundings = {}): Promise<RunningServer> {
  const { now = Date.now, log = pino({ level: config.logLevel }), keepAliveMs = 12_000 } = surroundings;
  const sandbox = config.gateway.url === SANDBOX_URL ? await startSandboxFor(config, now) : undefined;
  const gatewayConfig = sandbox
    ? { ...config.gateway, url: sandbox.url, apiKey: sandbox.apiKey }
    : config.gateway;
  const gateway = new Gateway({ ...gatewayConfig, now });
  const authenticate = authenticator(config, gatewayConfig.apiKey, now);
  const identify: Identify = async (authorization) => {
    try {
      return await authenticate(authorization);
    } catch (error) {
      return toAppError(error);
    }
  };
  const store = openStore(config.registry.storeUrl, log);
  const container = createResolvers(config, { store, now, log });
  const newContext: NewContext = (caller, requestId = randomUUID()) =>
    new RequestContext({ requestId, caller, gateway, container, now });
  const schema = createSchema();
  const operations = new Operations({ schema, introspection: config.introspection, log });
  const apollo = createApollo(schema, operations, log);
  await apollo.start();
  let closing = false;
  const server = createHttpServer({
    apollo,
    operations,
    playground: config.playground ? new Playground(tabHeaders(config)) : undefined,
    examplePage: config.playground ? new ExamplePage() : undefined,
    identify,
    newContext,
    log,
    maxBodyBytes: config.maxBodyBytes,
    keepAliveMs,
    isReady: async () => !closing && (await isReachable(store)),
  });
  const closeWebSockets = serveWebSockets({
    server,
    operations,
    identify,
    newContext,
    now,
    maxMessageBytes: config.maxBodyBytes,
    keepAliveMs,
  });
  server.listen(config.port, config.host);
  await once(server, 'listening');
  return {
    url: `http://${config.host}:${(server.address() as AddressInfo).port}/graphql`,
    async close() {
      closing = true;
      const closed = once(server, 'close');
      server.close();
      const grace = setTimeout(() => server.closeAllConnections(), config.shutdownGraceMs);
      await Promise.all([closed, closeWebSockets()]);
      clearTimeout(grace);
      await apollo.stop();
      await gateway.close();
      await store.close();
      await sandbox?.close();
    },
  };
}

interface Below {
  store: WatchedStore;
  now: () => number;
  log: Logger;
}

/** Each resolver with what it needs. */
function createResolvers({ gateway, registry, maxStreamsPerCaller }: Config, { store, now, log }: Below) {
  const leases = new Leases({ store, now, maxWaitMs: gateway.totalTimeoutMs });
  const answers = new Answers(store, leases, now);
  const messages = new KeptMessages(store, registry.storeMessages);
  const creation = new Creation(store, messages);
  const reuse = new Reuse({ store, leases, creation, scope: registry.reuseScope });
  const recovery = new Recovery({ store, leases, creation });
  const contexts = new Contexts({ store, answers, creation, reuse, recovery, messages, log });
  const openStreams = new OpenStreams(maxStreamsPerCaller);
  const chats = new Chats({ contexts, leases, answers, openStreams });
  return containerOf([new ContextResolver(contexts), new ChatResolver(chats), new ModelResolver()]);
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

async function isReachable(store: WatchedStore): Promise<boolean> {
  try {
    await store.check();
    return true;
  } catch {
    return false;
  }
}

function startSandboxFor({ gateway }: Config, now: () => number): Promise<Sandbox> {
  return startSandbox({ now, ...(gateway.apiKey !== undefined && { apiKey: gateway.apiKey }) });
}

function tabHeaders({ authMode }: Config): string {
  return authMode === 'passthrough' ? '{ "Authorization": "Bearer your-gateway-key" }' : '{}';
}
