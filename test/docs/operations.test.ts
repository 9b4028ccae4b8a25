import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { readConfig } from '../../src/config/config.js';
import { beginStream, CHAT_ANSWER, STREAM } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.mjs';
import { hold } from '../support/holding.js';
import { describeWith, NGINX, PROMTOOL } from '../support/programs.js';
import { TestServer } from '../support/server.js';
import { ServerProcess } from '../support/server-process.js';
import { json, StandIn } from '../support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from '../support/streams.js';
import { readDocument } from './documents.js';

const { blocks, tables } = readDocument('docs/operations.md');
const folder = mkdtempSync(join(tmpdir(), 'operations-'));
afterAll(() => rmSync(folder, { recursive: true }));

function block(language: string, part: string): string {
  const found = blocks.find((one) => one.language === language && one.text.includes(part));
  if (!found) throw new Error(`there is no block of ${language} with ${part}`);
  return found.text;
}

function table(head: string): string[][] {
  return tables.find(([heads]) => heads?.[0] === head)?.slice(1) ?? [];
}

const names = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

describe('the table of log fields', () => {
  it('has every field of an operation’s line, and no other', async () => {
    await using gateway = await StandIn.start((response) => json(response, 200, CHAT_ANSWER));
    await using server = await TestServer.before(gateway);
    await hold(server, gateway);
    const ask = 'mutation Ask($input: ChatInput!) { chat(input: $input) { id } }';
    await server.query(ask, { input: QUESTION });
    await server.query(ask, { input: { ...QUESTION, contextId: 'unknown' } });
    const seen = new Set(server.log.flatMap((line) => Object.keys(JSON.parse(line))));
    for (const everywhere of ['pid', 'hostname', 'msg']) seen.delete(everywhere);
    expect(
      table('field')
        .flatMap(([field]) => names(field))
        .sort(),
    ).toEqual([...seen].sort());
  });
});

describe('the .env for Compose', () => {
  it('is complete for NODE_ENV=production', () => {
    const env = parseEnv(block('ini', 'VALKEY_PASSWORD'));
    expect(readConfig({ NODE_ENV: 'production', HOST: '0.0.0.0', ...env })).toMatchObject({
      authMode: 'jwt',
      metrics: { token: expect.any(String) },
    });
  });
});

describe('backup and restore', () => {
  it('bring back the contexts of a running server', async () => {
    const env = {
      GATEWAY_URL: 'sandbox:',
      AUTH_MODE: 'none',
      STORE_URL: `sqlite:${join(folder, 'data/contexts.db')}`,
    };
    const shell = (commands: string) =>
      execFileSync('bash', ['-euo', 'pipefail', '-c', commands], { cwd: folder, encoding: 'utf8' });
    mkdirSync(join(folder, 'data'));
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    const server = await ServerProcess.start(env);
    const create = `mutation { createContext(input: {model: "Doubao-1.5-pro-32k", messages: [{content: "hi"}]}) { id } }`;
    const kept = (await server.ask(create)).data.createContext.id;
    shell(block('bash', 'VACUUM'));
    const later = (await server.ask(create)).data.createContext.id;
    await server.kill();
    expect(statSync(join(folder, 'contexts-backup.db')).mode & 0o077).toBe(0);

    shell(block('bash', 'rm -f'));
    await using restored = await ServerProcess.start(env);
    const ids = (await restored.ask('{ contexts { edges { node { id } } } }')).data.contexts.edges;
    expect(ids).toEqual([{ node: { id: kept } }]);
    expect(kept).not.toBe(later);
  });
});

describeWith(PROMTOOL)('the configuration of Prometheus', () => {
  it('passes promtool check config', () => {
    cpSync('deploy/prometheus/alerts.yml', join(folder, 'alerts.yml'));
    const file = join(folder, 'prometheus.yml');
    const token = join(folder, 'context-cache.token');
    writeFileSync(token, 'token');
    writeFileSync(
      file,
      block('yaml', 'scrape_configs').replace('/etc/prometheus/context-cache.token', token),
    );
    const { status, stderr } = spawnSync(PROMTOOL.path, ['check', 'config', file], { encoding: 'utf8' });
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describeWith(NGINX)('the configuration of nginx', () => {
  it('passes streams on unbuffered over both transports, and hides /metrics', async () => {
    let goOn = () => {};
    await using gateway = await StandIn.start((response) => {
      const [first = '', ...rest] = STREAM.split(/(?<=\n\n)/);
      beginStream(response).write(first);
      goOn = () => response.end(rest.join(''));
    });
    await using server = await TestServer.before(gateway);
    await hold(server, gateway, { mode: 'common_prefix' });
    const port = await freePort();
    await using _ = await startNginx(port, server.origin);
    const through = { url: `http://127.0.0.1:${port}/graphql` } as TestServer;
    for (const [, connect] of TRANSPORTS) {
      const client = connect(through);
      const stream = client.open();
      // The first piece is there while the gateway has not sent the second.
      expect((await stream.next()).value?.data.chatStream.__typename).toBe('ChatDelta');
      goOn();
      expect((await collect(stream)).last?.__typename).toBe('ChatDone');
      client.close();
    }
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).ok).toBe(false);
  });

  /** As it stands, but for the address, the certificate and where it would write. */
  async function startNginx(port: number, origin: string): Promise<AsyncDisposable> {
    const prefix = mkdtempSync(join(folder, 'nginx-'));
    const site = block('nginx', 'proxy_pass')
      .replace('listen 443 ssl', `listen 127.0.0.1:${port}`)
      .replace(/^\s*ssl_certificate.*$/gm, '')
      .replace('server 127.0.0.1:4000', `server ${new URL(origin).host}`);
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${kind};`,
    );
    const http = `access_log off; ${paths.join(' ')}\n${site}`;
    writeFileSync(join(prefix, 'nginx.conf'), `pid nginx.pid; daemon off; events {}\nhttp { ${http} }`);
    const args = ['-p', prefix, '-c', join(prefix, 'nginx.conf'), '-e', join(prefix, 'error.log')];
    const child = spawn(NGINX.path, args, { stdio: 'ignore' });
    const exited = once(child, 'exit');
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(readFileSync(join(prefix, 'error.log'), 'utf8'));
      return fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      );
    });
    return {
      [Symbol.asyncDispose]: async () => {
        child.kill('SIGTERM');
        await exited;
      },
    };
  }
});
