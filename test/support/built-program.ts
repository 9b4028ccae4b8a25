import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

export type Child = ChildProcessByStdio<null, Readable, Readable>;

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

let folder = '';
const children: Child[] = [];

/** To be called by each file that starts programs: they end with its tests. */
export function startsPrograms(): void {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'main-'));
  });
  afterAll(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
}

/** The built program in a process and a folder of its own, with nothing in its environment but this. */
export function start(
  program: string,
  args: string[] = [],
  env: Record<string, string> = {},
  cwd = folder,
): Child {
  const path = resolve(program);
  const child = spawn(process.execPath, [path, ...args], { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

/** A folder in which `.env` says this. */
export function folderWithEnv(content: string | Buffer): string {
  const own = mkdtempSync(join(folder, 'env-'));
  writeFileSync(join(own, '.env'), content);
  return own;
}

export async function firstLines(child: Child, until: RegExp): Promise<string> {
  let said = '';
  for await (const chunk of child.stdout) {
    said += chunk;
    if (until.test(said)) break;
  }
  return said;
}

export async function exitCode(child: Child): Promise<number | null> {
  return child.exitCode ?? (await once(child, 'exit'))[0];
}

/** All that it said, once it has ended. */
export async function finished(child: Child): Promise<Finished> {
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exitCode(child)]);
  return { code, stdout, stderr };
}
