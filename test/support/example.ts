import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const EXAMPLE = 'examples/web';
const INSTALL_MS = 240_000;
const BUILD_MS = 120_000;

/** Builds the example page, unless it stands there built from what its sources are now. */
export function buildExample(): void {
  const installed = join(EXAMPLE, 'node_modules', '.package-lock.json');
  if (isOlder(installed, newestIn(join(EXAMPLE, 'package-lock.json'))))
    npm(['ci', '--no-audit', '--no-fund'], INSTALL_MS);
  const built = join(EXAMPLE, 'dist', 'index.html');
  const sources = ['src', 'public', 'index.html', 'package-lock.json', 'vite.config.js'];
  const newest = Math.max(...sources.map((source) => newestIn(join(EXAMPLE, source))));
  if (isOlder(built, newest)) npm(['run', 'build'], BUILD_MS);
}

function isOlder(path: string, time: number): boolean {
  return !existsSync(path) || statSync(path).mtimeMs < time;
}

function npm(args: string[], timeout: number): void {
  execFileSync('npm', args, { cwd: EXAMPLE, timeout, stdio: 'pipe' });
}

function newestIn(path: string): number {
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  return Math.max(own.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}
