import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { exitCode, firstLines, folderWithEnv, start, startsPrograms } from './support/built-program.js';
import { packagesLoaded } from './support/loaded-packages.js';

startsPrograms();

describe('npm start', () => {
  it('says in its first lines that it runs on the sandbox, how to leave it, and what is where', async () => {
    const child = start('dist/main.js', [], { PORT: '0' });
    const said = await firstLines(child, /GraphQL: .*\n/);
    const url = /http:\/\/127\.0\.0\.1:\d+\/graphql/.exec(said)?.[0] ?? '';
    expect(said.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/built-in sandbox.* set GATEWAY_API_KEY/),
      `Playground: ${url} (in a browser)`,
      expect.stringMatching(/^Chat page: (http:\/\/127\.0\.0\.1:\d+\/$|not built yet)/),
      `GraphQL: ${url}`,
    ]);
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body: '{"query":"{ models { id } }"}' });
    expect(await answer.json()).toMatchObject({
      data: { models: expect.arrayContaining([{ id: 'Doubao-pro-32k' }]) },
    });
    child.kill('SIGTERM');
    expect(await exitCode(child)).toBe(0);
  });

  it('announces no page that it does not serve', async () => {
    const production = {
      NODE_ENV: 'production',
      GATEWAY_URL: 'http://127.0.0.1:1',
      AUTH_MODE: 'passthrough',
    };
    for (const env of [production, { PLAYGROUND: 'off', GATEWAY_URL: 'http://127.0.0.1:1' }]) {
      const child = start('dist/main.js', [], { PORT: '0', ...env });
      const said = await firstLines(child, /GraphQL: .*\n/);
      expect(said).toMatch(/^GraphQL: http:\/\/127\.0\.0\.1:\d+\/graphql\n$/);
      child.kill('SIGTERM');
      expect(await exitCode(child)).toBe(0);
    }
  });

  it('gives an address that can be opened where it listens on IPv6', async () => {
    const child = start('dist/main.js', [], { PORT: '0', HOST: '::1' });
    const said = await firstLines(child, /GraphQL: .*\n/);
    const url = /GraphQL: (\S+)/.exec(said)?.[1] ?? '';
    expect((await fetch(new URL('/healthz', url))).status).toBe(200);
    child.kill('SIGTERM');
    expect(await exitCode(child)).toBe(0);
  });

  it('reads .env of the folder that it is started in, and says so', async () => {
    const folder = folderWithEnv('# Ours\nPORT=0\nGATEWAY_APIKEY=sk-c4n4ry\n');
    const child = start('dist/main.js', [], {}, folder);
    const said = await firstLines(child, /GraphQL: .*\n/);
    expect(said.split('\n').slice(0, 3)).toEqual([
      'Read .env: 2 variables.',
      expect.stringContaining('sandbox'),
      'GATEWAY_APIKEY is not a variable of this server. Did you mean GATEWAY_API_KEY?',
    ]);
    expect(said).not.toContain('GraphQL: http://127.0.0.1:4000/');
    expect(said).not.toContain('c4n4ry');
    child.kill('SIGTERM');
    expect(await exitCode(child)).toBe(0);
  });

  it('starts as the modules that it is bundled from, which profiles run', async () => {
    const child = start('build/main.js', [], { PORT: '0' });
    expect(await firstLines(child, /\/graphql/)).toMatch(/http:\S+\/graphql/);
    child.kill();
    await exitCode(child);
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
    const port = /:(\d+)\/graphql/.exec(await firstLines(first, /GraphQL: .*\n/))?.[1] ?? '';
    const second = start('dist/main.js', [], { PORT: port });
    expect(await text(second.stderr)).toMatch(
      new RegExp(`^[^\\n]*PORT ${port} on 127.0.0.1 is in use[^\\n]*\\n$`),
    );
    expect(await exitCode(second)).toBe(1);
    first.kill('SIGTERM');
    expect(await exitCode(first)).toBe(0);
  });
});

describe('what a start does without', () => {
  const loadedBy = (visit: (url: string) => Promise<void>) =>
    packagesLoaded(async (env) => {
      const child = start('dist/main.js', [], { PORT: '0', ...env });
      await visit(/http:\S+graphql/.exec(await firstLines(child, /GraphQL: .*\n/))?.[0] ?? '');
      child.kill('SIGTERM');
      expect(await exitCode(child)).toBe(0);
    });

  it('is what belongs to other configurations and to requests that have not come', async () => {
    const loaded = await loadedBy(async () => undefined);
    expect(loaded).toEqual(expect.arrayContaining(['graphql', 'type-graphql', 'undici', 'class-validator']));
    const late = /^(@apollo|@graphql-tools|@opentelemetry\/sdk|graphql-jit|ioredis|jose)/;
    expect(loaded.filter((name) => late.test(name))).toEqual([]);
  });

  it('is there for the first requests that need it, however many come at once', async () => {
    const loaded = await loadedBy(async (url) => {
      const ask = async (): Promise<unknown> =>
        (await fetch(`${url}?query={__typename}`, preflighted)).json();
      const preflighted = { headers: { 'apollo-require-preflight': 'true' } };
      expect(await Promise.all([ask(), ask(), ask()])).toEqual(
        Array(3).fill({ data: { __typename: 'Query' } }),
      );
    });
    expect(loaded).toContain('@apollo/server');
  });
});

describe('what keeps the server from starting', () => {
  it.each([
    ['HOST', '203.0.113.9'],
    ['HOST', 'no-such-host.invalid'],
    ['STORE_URL', 'sqlite:/dev/null/contexts.db'],
    ['STORE_URL', `sqlite:${resolve('package.json')}`],
  ])('is said in one line where %s=%s', async (name, value) => {
    const child = start('dist/main.js', [], {
      PORT: '0',
      AUTH_MODE: 'none',
      ALLOW_ANONYMOUS: 'on',
      [name]: value,
    });
    const said = await text(child.stderr);
    expect(await exitCode(child)).toBe(1);
    expect(said).toMatch(new RegExp(`^The configuration is not usable: ${name} [^\\n]*\\n$`));
    expect(said).toContain(value);
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

  it.each([[['--port', '70000']], [['--fault']], [['--status', 'x']], [['--chunk-ms', '-1']]])(
    'refuses %p',
    async (args) => {
      const child = start('dist/sandbox/main.js', args);
      expect(await text(child.stderr)).toContain('--cut-after-bytes');
      expect(await exitCode(child)).toBe(2);
    },
  );
});
