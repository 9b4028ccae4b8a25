import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const EXAMPLE = 'examples/web';
const BUILD_MS = 120_000;

/** Builds the example page, unless `npm run build` has built it from what its sources are now. */
export function buildExample(): void {
  const own = ['src', 'public', 'index.html', 'vite.config.js'].map((source) => join(EXAMPLE, source));
  const newest = Math.max(...[...own, 'client/src', 'package-lock.json'].map(newestIn));
  if (isOlder(join(EXAMPLE, 'dist/index.html'), newest)) {
    execFileSync('npm', ['run', 'build', '-w', 'client', '-w', EXAMPLE], {
      timeout: BUILD_MS,
      stdio: 'pipe',
    });
  }
}

function isOlder(path: string, time: number): boolean {
  return !existsSync(path) || statSync(path).mtimeMs < time;
}

function newestIn(path: string): number {
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  return Math.max(own.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}
