import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { finished, firstLines } from './support/built-program.js';

/** A folder with the package as its tarball holds it, installed; what it depends on is this checkout's. */
const project = mkdtempSync(join(tmpdir(), 'package-'));
const installed = join(project, 'node_modules/graphql-context-cache');
const { bin } = JSON.parse(readFileSync('package.json', 'utf8'));
const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, HOME: project };

beforeAll(() => {
  const packed = execFileSync(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--pack-destination', project],
    { env },
  );
  mkdirSync(join(project, 'node_modules/.bin'), { recursive: true });
  execFileSync('tar', ['-xzf', packed.toString().trim()], { cwd: project });
  execFileSync('mv', ['package', installed], { cwd: project });
  symlinkSync(resolve('node_modules'), join(installed, 'node_modules'));
  for (const [name, path] of Object.entries(bin)) {
    execFileSync('chmod', ['+x', join(installed, String(path))]);
    symlinkSync(join(installed, String(path)), join(project, 'node_modules/.bin', name));
  }
});
afterAll(() => rmSync(project, { recursive: true }));

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
      /http:\/\/127\.0\.0\.1:\d+\/graphql/.exec(await firstLines(child, /playground: .*\n/))?.[0] ?? '';
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
