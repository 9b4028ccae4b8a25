import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/config.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.mjs';
import { COMPOSE, describeWith, REDIS } from '../support/programs.js';

const PASSWORD = 'a1b2c3';
const ENV = `GATEWAY_URL=https://gateway.example/v1\nAUTH_MODE=passthrough\nVALKEY_PASSWORD=${PASSWORD}\n`;

const { services } = parse(readFileSync('compose.yaml', 'utf8'));
const seconds = (period: string) => Number(/^(\d+)s$/.exec(period)?.[1]);

describe('compose.yaml', () => {
  it('gives the server longer to end than it takes', () => {
    const grace = seconds(services.server.stop_grace_period) * 1_000;
    // Five seconds after the grace the process leaves behind what is still there.
    expect(grace).toBeGreaterThan(readConfig({}).shutdownGraceMs + 5_000);
  });

  it('publishes the server to this machine alone, and the store to nobody', () => {
    expect(services.server.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
    expect(services.valkey).not.toHaveProperty('ports');
  });

  it.each(['server', 'valkey'])('starts %s again, as no root and on a root that is only read', (name) => {
    expect(services[name]).toMatchObject({
      restart: 'unless-stopped',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
  });

  it('starts the server once the store answers', () => {
    expect(services.server.depends_on).toEqual({ valkey: { condition: 'service_healthy' } });
  });
});

describeWith(COMPOSE)('Compose', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compose-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  cpSync('compose.yaml', join(folder, 'compose.yaml'));

  function config(env: string) {
    writeFileSync(join(folder, '.env'), env);
    return spawnSync(COMPOSE.path, ['config'], {
      cwd: folder,
      env: { PATH: '/usr/bin:/bin' },
      encoding: 'utf8',
    });
  }

  it('takes the file, and gives the server an environment that it starts with', () => {
    const { status, stdout, stderr } = config(ENV);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { environment } = parse(stdout).services.server;
    expect(readConfig({ NODE_ENV: 'production', ...environment })).toMatchObject({
      host: '0.0.0.0',
      authMode: 'passthrough',
      store: { url: `redis://:${PASSWORD}@valkey:6379` },
    });
  });

  it('says that the store’s password is missing', () => {
    const { status, stderr } = config('GATEWAY_URL=sandbox:\n');
    expect(status).not.toBe(0);
    expect(stderr).toContain('VALKEY_PASSWORD');
  });
});

describeWith(REDIS)('the store of compose.yaml', () => {
  const folder = mkdtempSync(join(tmpdir(), 'valkey-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let store: ChildProcess | undefined;
  afterEach(async () => {
    if (store && store.exitCode === null && store.kill('SIGKILL')) await once(store, 'exit');
  });

  it('wants the password, keeps what it has on disk, refuses rather than forgets, and ends on SIGTERM', async () => {
    // Valkey is Redis by another name here, on a free port.
    const port = await freePort();
    standIn('valkey-server', `exec ${REDIS.path} "$@" --port ${port} --bind 127.0.0.1`);
    standIn('valkey-cli', `exec redis-cli -p ${port} "$@"`);
    const env = { PATH: `${folder}:/usr/bin:/bin`, VALKEY_PASSWORD: PASSWORD };
    const shell = (command: string) =>
      spawnSync('sh', ['-c', command], { env, cwd: folder, encoding: 'utf8' });
    const unescaped = (text: string) => text.replaceAll('$$', '$');

    const [program, ...args] = services.valkey.command.map(unescaped);
    store = spawn(program, args, { env, cwd: folder, stdio: 'ignore' });
    const [kind, healthcheck] = services.valkey.healthcheck.test.map(unescaped);
    expect(kind).toBe('CMD-SHELL');
    await eventually(() => shell(healthcheck).status === 0);

    expect(shell('valkey-cli ping').stdout).toContain('NOAUTH');
    const asked = (command: string) => shell(`REDISCLI_AUTH=${PASSWORD} valkey-cli ${command}`).stdout;
    expect(asked('config get maxmemory-policy')).toContain('noeviction');
    expect(asked('info persistence')).toContain('aof_enabled:1');
    expect(
      execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(store.pid)], { encoding: 'utf8' }),
    ).not.toContain(PASSWORD);
    const exited = once(store, 'exit');
    store.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(shell(healthcheck).status).not.toBe(0);
  });

  function standIn(name: string, command: string): void {
    writeFileSync(join(folder, name), `#!/bin/sh\n${command}\n`);
    chmodSync(join(folder, name), 0o755);
  }
});
