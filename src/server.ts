import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type Logger, pino } from 'pino';
import { type Authenticate, authenticator, type Caller } from './auth/authenticate.js';
import { Chats } from './chat/chats.js';
import { ChatResolver } from './chat/resolver.js';
import { Turns } from './chat/turns.js';
import { type Config, SANDBOX_URL } from './config.js';
import { Contexts } from './contexts/contexts.js';
import { ContextResolver } from './contexts/resolver.js';
import { type AppError, toAppError } from './errors.js';
import { Gateway } from './gateway/data-source.js';
import { createApollo } from './http/apollo.js';
import { Operations } from './http/operations.js';
import { Playground } from './http/playground.js';
import { createHttpServer } from './http/server.js';
import { serveWebSockets } from './http/web-socket.js';
import { OpenStreams } from './limits/open-streams.js';
import { ModelResolver } from './models/resolver.js';
import { KnownContexts } from './registry/known-contexts.js';
import { type Container, RequestContext } from './request-context.js';
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
  const gateway = new Gateway(gatewayConfig);
  const authenticate = authenticator(config.authMode, gatewayConfig);
  const container = createResolvers(config);
  const newContext = (authorization: string | undefined, requestId: string = randomUUID()) =>
    new RequestContext({ requestId, caller: identify(authenticate, authorization), gateway, container, now });
  const schema = createSchema();
  const operations = new Operations({ schema, introspection: config.introspection, log });
  const apollo = createApollo(schema, operations, log);
  await apollo.start();
  let closing = false;
  const server = createHttpServer({
    apollo,
    operations,
    playground: config.playground ? new Playground(tabHeaders(config)) : undefined,
    newContext,
    log,
    maxBodyBytes: config.maxBodyBytes,
    keepAliveMs,
    isReady: () => !closing,
  });
  const closeWebSockets = serveWebSockets({
    server,
    operations,
    newContext,
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
      await sandbox?.close();
    },
  };
}

/** Each resolver with what it needs. */
function createResolvers({ gateway, maxStreamsPerCaller }: Config): Container {
  const contexts = new Contexts(new KnownContexts());
  const turns = new Turns(gateway.totalTimeoutMs);
  const chats = new Chats(contexts, turns, new OpenStreams(maxStreamsPerCaller));
  const resolvers = [new ContextResolver(contexts), new ChatResolver(chats), new ModelResolver()];
  return {
    get(wanted) {
      const resolver = resolvers.find((candidate) => candidate instanceof wanted);
      if (!resolver) throw new Error(`there is no ${wanted.name}`);
      return resolver as InstanceType<typeof wanted>;
    },
  };
}

function identify(authenticate: Authenticate, authorization: string | undefined): Caller | AppError {
  try {
    return authenticate(authorization);
  } catch (error) {
    return toAppError(error);
  }
}

function startSandboxFor({ gateway }: Config, now: () => number): Promise<Sandbox> {
  return startSandbox({ now, ...(gateway.apiKey !== undefined && { apiKey: gateway.apiKey }) });
}

function tabHeaders({ authMode }: Config): string {
  return authMode === 'passthrough' ? '{ "Authorization": "Bearer your-gateway-key" }' : '{}';
}
