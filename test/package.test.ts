import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished, firstLines } from './support/built-program.js';
import { InstalledPackage } from './support/installed-package.js';

const installed = new InstalledPackage();
const { project, env } = installed;
afterAll(() => installed[Symbol.dispose]());

const npx = (args: string[], more: Record<string, string> = {}) =>
  spawn('npx', ['--no-install', 'graphql-context-cache', ...args], {
    cwd: project,
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });

describe('the packed package, in a project that installed it', () => {
  it('answers through npx, out of its own files', async () => {
    const help = await finished(npx(['--help']));
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain(readFileSync('.env.example', 'utf8').trim());
  });

  it('serves the playground with its examples, keeps its store below the project, and ends on a signal', async () => {
    const child = npx([], { PORT: '0' });
    const url =
      /http:\/\/127\.0\.0\.1:\d+\/graphql/.exec(await firstLines(child, /GraphQL: .*\n/))?.[0] ?? '';
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('mutation CreateContext');
    expect(readFileSync(join(project, 'data/contexts.db')).length).toBeGreaterThan(0);
    const left = once(child, 'exit');
    // To the whole group, as a terminal sends it.
    process.kill(-Number(child.pid), 'SIGTERM');
    await left;
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });
});
