import { spawn, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../support/free-port.mjs';

/** A SQLite file, whose disk is full for a server that may not write beyond a size. */
export class FileStore {
  #path;

  constructor(folder) {
    this.#path = join(folder, 'contexts.db');
    this.url = `sqlite:${this.#path}`;
  }

  /** Why this machine cannot fill it; undefined where it can. */
  get cannotFill() {
    const { error } = spawnSync('prlimit', ['--version']);
    return error && 'The disk is never full: that takes `prlimit` of util-linux.';
  }

  /** Nothing more can be written. */
  fill(servers) {
    limit(servers, 1);
  }

  /** There is room for small writes yet. */
  nearlyFill(servers) {
    limit(servers, statSync(`${this.#path}-wal`).size + 40_000);
  }

  empty(servers) {
    limit(servers, 'unlimited');
  }

  close() {}
}

/** The soft limit, which may be raised again without being root. */
function limit(servers, bytes) {
  for (const { pid } of servers) {
    const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
    if (status !== 0) throw new Error(`prlimit: ${stderr}`);
  }
}

/** A redis-server on a free port that keeps nothing on disk; it is full once it may use no more memory. */
export class RedisStore {
  cannotFill = undefined;
  #child;
  #client;

  static async start() {
    return new RedisStore(await freePort());
  }

  constructor(port) {
    this.url = `redis://127.0.0.1:${port}`;
    const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    this.#child = spawn('redis-server', [...args, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' });
    this.#client = new Redis(this.url);
    this.#client.on('error', () => undefined);
  }

  async fill() {
    await this.#client.config('SET', 'maxmemory', '1');
  }

  nearlyFill() {}

  async empty() {
    await this.#client.config('SET', 'maxmemory', '0');
  }

  close() {
    this.#client.disconnect();
    this.#child.kill('SIGKILL');
  }
}
