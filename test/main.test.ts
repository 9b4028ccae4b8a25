import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

type Child = ChildProcessByStdio<null, Readable, Readable>;

const folder = mkdtempSync(join(tmpdir(), 'main-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The built program in a process and a folder of its own, with nothing in its environment but this. */
function start(program: string, args: string[] = [], env: Record<string, string> = {}): Child {
  return spawn(process.execPath, [resolve(program), ...args], {
    env,
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function firstLines(child: Child, until: RegExp): Promise<string> {
  let said = '';
  for await (const chunk of child.stdout) {
    said += chunk;
    if (until.test(said)) break;
  }
  return said;
}

async function exitCode(child: Child): Promise<number | null> {
  return child.exitCode ?? (await once(child, 'exit'))[0];
}

describe('npm start', () => {
  it('says in its first lines that it runs on the sandbox without authentication, and where', async () => {
    const child = start('dist/main.js', [], { PORT: '0' });
    const said = await firstLines(child, /playground: .*\n/);
    expect(said).toMatch(/built-in sandbox/);
    expect(said).toMatch(/AUTH_MODE=none/);
    const url = /http:\/\/127\.0\.0\.1:\d+\/graphql/.exec(said)?.[0] ?? '';
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body: '{"query":"{ models { id } }"}' });
    expect(await answer.json()).toMatchObject({
      data: { models: expect.arrayContaining([{ id: 'Doubao-pro-32k' }]) },
    });
    child.kill('SIGTERM');
    expect(await exitCode(child)).toBe(0);
  });

  it('names every variable that is wrong, and does not start', async () => {
    const child = start('dist/main.js', [], {
      PORT: 'x',
      NODE_ENV: 'production',
      GATEWAY_API_KEY: 'sk-secret',
    });
    const said = await text(child.stderr);
    expect(await exitCode(child)).toBe(1);
    for (const name of ['PORT', 'GATEWAY_URL', 'AUTH_MODE']) expect(said).toContain(name);
    expect(said).not.toContain('sk-secret');
  });

  it('does not start where its port is taken', async () => {
    const first = start('dist/main.js', [], { PORT: '0' });
    const port = /:(\d+)\/graphql/.exec(await firstLines(first, /playground: .*\n/))?.[1] ?? '';
    const second = start('dist/main.js', [], { PORT: port });
    expect(await text(second.stderr)).toContain('EADDRINUSE');
    expect(await exitCode(second)).toBe(1);
    first.kill('SIGTERM');
    expect(await exitCode(first)).toBe(0);
  });
});

describe('npm run sandbox', () => {
  it('says what it is, and what to call it with', async () => {
    const child = start('dist/sandbox/main.js', ['--port', '0', '--key', 'sk-mine', '--status', '503']);
    const said = await firstLines(child, /Try it: .*\n/);
    expect(said).toContain('its answers come from no model');
    const url = /Base URL: (\S+)/.exec(said)?.[1];
    const answer = await fetch(`${url}/models`, { headers: { authorization: 'Bearer sk-mine' } });
    expect(answer.status).toBe(503);
    child.kill('SIGINT');
    expect(await exitCode(child)).toBe(0);
  });

  it.each([[['--port', '70000']], [['--fault']], [['--status', 'x']]])('refuses %p', async (args) => {
    const child = start('dist/sandbox/main.js', args);
    expect(await text(child.stderr)).toContain('--cut-after-bytes');
    expect(await exitCode(child)).toBe(2);
  });
});
