import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

interface Program {
  path: string;
  /** Debian's package that brings it. */
  package: string;
}

export const CHROMIUM: Program = {
  path: '/usr/bin/chromium-headless-shell',
  package: 'chromium-headless-shell',
};
export const REDIS: Program = { path: '/usr/bin/redis-server', package: 'redis-server' };
export const PROMTOOL: Program = { path: '/usr/bin/promtool', package: 'prometheus' };
export const NGINX: Program = { path: '/usr/sbin/nginx', package: 'nginx' };
export const COMPOSE: Program = { path: '/usr/bin/docker-compose', package: 'docker-compose' };
export const SYSTEMD_ANALYZE: Program = { path: '/usr/bin/systemd-analyze', package: 'systemd' };
export const BUBBLEWRAP: Program = { path: '/usr/bin/bwrap', package: 'bubblewrap' };

const PROGRAMS = [CHROMIUM, REDIS, PROMTOOL, NGINX, COMPOSE, SYSTEMD_ANALYZE, BUBBLEWRAP];

/** Jest's global set-up: installs what the tests need and says what they have to do without. */
export default function installPrograms(): void {
  for (const program of PROGRAMS) {
    if (existsSync(program.path) || install(program)) continue;
    const message = `${program.path} is not there and could not be installed: its tests are left out.`;
    if (process.env.CI === 'true') throw new Error(message);
    console.warn(message);
  }
}

function install({ path, package: name }: Program): boolean {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !existsSync('/usr/bin/apt-get')) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (args: string[]) => spawnSync('apt-get', args, { env, timeout: 300_000 });
  run(['-qq', 'update']);
  run(['-qq', '-y', '--no-install-recommends', 'install', name]);
  return existsSync(path);
}

/** `describe`, or its skipping twin where the program is not there. */
export function describeWith({ path }: Program): jest.Describe {
  return existsSync(path) ? describe : describe.skip;
}
