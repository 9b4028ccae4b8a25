import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { eventually } from './eventually.js';
import { SERVER_KEY } from './server.js';

export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  data: any;
  errors?: { message: string; extensions: { code: string; retryable: boolean } }[];
}

/** The built server in a process of its own, with nothing in its environment but what a test says. */
export class ServerProcess implements AsyncDisposable {
  url = '';
  /** All that it has written, to stdout and to stderr. */
  said = '';

  private readonly closed: Promise<unknown>;

  private constructor(readonly child: ChildProcessByStdio<null, Readable, Readable>) {
    this.closed = once(child, 'close');
    for (const output of [child.stdout, child.stderr]) {
      output.on('data', (bytes) => {
        this.said += bytes;
      });
    }
  }

  /** Does not wait until it has started. `imports`: modules that are loaded before it. */
  static launch(env: Record<string, string>, imports: string[] = []): ServerProcess {
    const preloads = imports.flatMap((module) => ['--import', resolve(module)]);
    const args = [...preloads, resolve('dist/main.js')];
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
    // In this folder a developer may have an `.env`.
    const options = { env: { PORT: '0', ...env }, cwd: tmpdir(), stdio };
    return new ServerProcess(spawn(process.execPath, args, options));
  }

  static async start(env: Record<string, string>, imports?: string[]): Promise<ServerProcess> {
    const server = ServerProcess.launch(env, imports);
    const address = () => /http:\S+\/graphql/.exec(server.said)?.[0];
    await eventually(() => address() !== undefined || server.hasEnded);
    const url = address();
    if (url === undefined) throw new Error(`the server did not start: ${server.said}`);
    server.url = url;
    return server;
  }

  /** In front of this gateway, with the server's own key. */
  static before(
    gateway: { url: string },
    storeUrl: string,
    env: Record<string, string> = {},
    imports?: string[],
  ): Promise<ServerProcess> {
    const settings = {
      GATEWAY_URL: gateway.url,
      GATEWAY_API_KEY: SERVER_KEY,
      STORE_URL: storeUrl,
      RATE_LIMIT_CREATES_PER_MINUTE: '0',
    };
    return ServerProcess.start({ ...settings, ...env }, imports);
  }

  get origin(): string {
    return new URL(this.url).origin;
  }

  async ask(query: string, variables: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return (await (await this.send(query, variables, headers)).json()) as Answer;
  }

  send(query: string, variables: object = {}, headers: Record<string, string> = {}): Promise<Response> {
    const all = { 'content-type': 'application/json', ...headers };
    return fetch(this.url, { method: 'POST', headers: all, body: JSON.stringify({ query, variables }) });
  }

  async ready(): Promise<number> {
    return (await fetch(`${this.origin}/readyz`)).status;
  }

  async untilReady(status: number): Promise<void> {
    await eventually(async () => (await this.ready()) === status, 20);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exitCode();
  }

  /** Once it has ended; null where a signal has ended it. */
  async exitCode(): Promise<number | null> {
    await this.closed;
    return this.child.exitCode;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
