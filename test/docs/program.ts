import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

/** A built program that serves, in a process and a folder of its own. */
export class Program implements AsyncDisposable {
  private constructor(
    /** Where it serves. */
    readonly origin: string,
    private readonly child: ChildProcessByStdio<null, Readable, Readable>,
    private readonly folder: string,
  ) {}

  /** Resolves once it has said at which address it is. */
  static async start(script: string, args: string[], env: Record<string, string>): Promise<Program> {
    const folder = mkdtempSync(join(tmpdir(), 'docs-'));
    const child = spawn(process.execPath, [resolve(script), ...args], {
      env,
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const problems = text(child.stderr);
    let said = '';
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      said += chunk;
      const origin = /https?:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
      if (!origin || !said.endsWith('\n')) continue;
      child.stdout.resume();
      return new Program(origin, child, folder);
    }
    rmSync(folder, { recursive: true });
    throw new Error(`${script} did not start: ${await problems}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGTERM');
    if (this.child.exitCode === null) await once(this.child, 'exit');
    rmSync(this.folder, { recursive: true });
  }
}
