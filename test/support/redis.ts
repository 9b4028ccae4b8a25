import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from './free-port.mjs';
import { REDIS } from './programs.js';

/** A real redis-server on a free port that keeps nothing on disk, or all of it in a folder. */
export class RedisServer implements AsyncDisposable {
  private constructor(
    readonly port: number,
    private child: ChildProcess,
    private readonly folder: string | undefined,
  ) {}

  static async start(folder?: string): Promise<RedisServer> {
    const port = await freePort();
    return new RedisServer(port, await launch(port, folder), folder);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  /** It hangs: connections stay open and nothing is answered. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  goOn(): void {
    this.child.kill('SIGCONT');
  }

  async startAgain(): Promise<void> {
    this.child = await launch(this.port, this.folder);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

async function launch(port: number, folder?: string): Promise<ChildProcess> {
  const log = folder === undefined ? ['no'] : ['yes', '--appendfsync', 'always'];
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', ...log];
  const child = spawn(REDIS.path, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: folder ?? '/tmp' });
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
