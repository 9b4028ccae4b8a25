import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { REDIS } from './programs.js';

/** A real redis-server on a free port that keeps nothing on disk. */
export class RedisServer implements AsyncDisposable {
  private constructor(
    readonly port: number,
    private child: ChildProcess,
  ) {}

  static async start(port?: number): Promise<RedisServer> {
    const free = port ?? (await freePort());
    return new RedisServer(free, await launch(free));
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  async startAgain(): Promise<void> {
    this.child = await launch(this.port);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

async function launch(port: number): Promise<ChildProcess> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(REDIS.path, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/tmp' });
  let said = '';
  for await (const bytes of child.stdout.iterator({ destroyOnReturn: false })) {
    said += bytes;
    if (said.includes('Ready to accept connections')) {
      child.stdout.resume();
      return child;
    }
  }
  throw new Error(`redis-server did not start: ${said}`);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
