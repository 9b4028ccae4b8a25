import type { TypedDocumentString } from 'graphql-context-cache-client';
import { type RunningServer, type ServerOptions, startServer } from '../../src/app.js';
import { readConfig } from '../../src/config/config.js';
import { createLog } from '../../src/telemetry/logs.js';

/** Noon of a day: what the tests' clock shows until it is set. */
export const NOON = Date.parse('2026-01-01T12:00:00Z');

/** What a test does not ask for is out of its way. */
const DEFAULTS = {
  STORE_URL: 'sqlite::memory:',
  RATE_LIMIT_CREATES_PER_MINUTE: '0',
  RATE_LIMIT_CHATS_PER_MINUTE: '0',
};

export const SERVER_KEY = 'sk-server-key-that-nobody-may-see';

export interface GraphQLAnswer<TData = unknown> {
  status: number;
  headers: Headers;
  data: TData;
  errors: AnsweredError[];
}

export interface AnsweredError {
  message: string;
  path?: (string | number)[];
  extensions: Record<string, unknown> & { code: string; requestId?: string };
}

interface TestGateway {
  url: string;
  env?: Record<string, string>;
  now?: () => number;
}

/** The real server on a free port, as a caller over HTTP sees it. */
export class TestServer implements AsyncDisposable {
  clock = () => NOON;
  readonly log: string[] = [];

  private constructor(private running: RunningServer) {}

  /** In front of this gateway, with the server's own key. */
  static before(gateway: TestGateway, env: Record<string, string> = {}, options: ServerOptions = {}) {
    return TestServer.passingOn(gateway, { GATEWAY_API_KEY: SERVER_KEY, ...env }, options);
  }

  /** The same, with the keys of its callers. */
  static async passingOn(gateway: TestGateway, env: Record<string, string> = {}, options?: ServerOptions) {
    const server = await TestServer.start({ GATEWAY_URL: gateway.url, ...gateway.env, ...env }, options);
    gateway.now = () => server.clock();
    return server;
  }

  static async start(env: Record<string, string> = {}, options: ServerOptions = {}): Promise<TestServer> {
    const server = new TestServer(undefined as never);
    const config = readConfig({ PORT: '0', SHUTDOWN_GRACE_MS: '0', ...DEFAULTS, ...env });
    server.running = await startServer(config, {
      now: () => server.clock(),
      log: createLog(config.logLevel, { write: (line) => server.log.push(line) }),
      // As nearly all operations of a server that has run for a while are.
      compiledFromRun: 1,
      sandboxChunkMs: 0,
      ...options,
    });
    return server;
  }

  get url(): string {
    return this.running.url;
  }

  get origin(): string {
    return new URL(this.url).origin;
  }

  /** An operation that codegen has typed, or any other text with whatever variables. */
  run<TData, TVariables extends object>(
    operation: TypedDocumentString<TData, TVariables>,
    variables: TVariables,
    headers?: Record<string, string>,
  ): Promise<GraphQLAnswer<TData>> {
    return this.post<TData>(JSON.stringify({ query: operation.toString(), variables }), headers);
  }

  query<TData>(query: string, variables: object = {}, headers?: Record<string, string>) {
    return this.post<TData>(JSON.stringify({ query, variables }), headers);
  }

  async post<TData>(body: string, headers: Record<string, string> = {}): Promise<GraphQLAnswer<TData>> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    const { data, errors = [] } = (await response.json()) as GraphQLAnswer<TData>;
    return { status: response.status, headers: response.headers, data, errors };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.close();
  }
}
