import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../support/free-port.mjs';
import { CANARY } from './marker.mjs';
import { FULL } from './timeline.mjs';

export const SECRET = `${CANARY}-secret-of-thirty-two-bytes`;
/** What SQLite and Redis say where there is no room. */
const NO_ROOM = /disk I\/O error|database or disk is full|OOM command not allowed/;

/** The built server in its own process, which can be killed and restarted on the same port. */
export class Server {
  /** Whether it is meant to serve. */
  isUp = false;
  /** What it should not have written. */
  complaints = [];
  /** How often it logged that its store took no writes, while there was no room. */
  failedWrites = 0;
  #env;
  #timeline;
  #port;
  #child;
  #memory = [];

  constructor({ gatewayUrl, storeUrl, quota, timeline }) {
    this.#timeline = timeline;
    this.#env = {
      GATEWAY_URL: gatewayUrl,
      GATEWAY_API_KEY: `sk-${CANARY}-key`,
      GATEWAY_HEADERS_TIMEOUT_MS: '500',
      GATEWAY_IDLE_TIMEOUT_MS: '500',
      GATEWAY_TOTAL_TIMEOUT_MS: '5000',
      STORE_URL: storeUrl,
      AUTH_MODE: 'jwt',
      AUTH_JWT_SECRET: SECRET,
      RATE_LIMIT_CREATES_PER_MINUTE: '0',
      RATE_LIMIT_CHATS_PER_MINUTE: '0',
      QUOTA_TOKENS_PER_DAY: String(quota),
    };
  }

  get url() {
    return `http://127.0.0.1:${this.#port}/graphql`;
  }

  get pid() {
    return this.#child.pid;
  }

  async start() {
    this.#port ??= await freePort();
    const args = ['--expose-gc', '--import', resolve('test/soak/memory.mjs'), resolve('dist/main.js')];
    const env = { ...this.#env, PORT: String(this.#port) };
    // In this folder a developer may have an `.env`.
    const cwd = tmpdir();
    const child = spawn(process.execPath, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const output of [child.stdout, child.stderr]) this.#read(output);
    const [code] = await Promise.race([
      once(child, 'exit'),
      (async () => {
        while (child.exitCode === null && !(await this.isReady())) await pause(20);
        return [undefined];
      })(),
    ]);
    if (code !== undefined) throw new Error(`the server did not start: ${this.complaints}`);
    this.isUp = true;
  }

  /** The exit code; null: it was killed. */
  async end(signal) {
    this.isUp = false;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
    return this.#child.exitCode;
  }

  /** Kills the server in any state. */
  kill() {
    this.#child?.kill('SIGKILL');
  }

  /** Bytes in use after a garbage collection. */
  async memory() {
    this.#memory = [];
    this.#child.kill('SIGUSR2');
    while (this.#memory.length === 0) await pause(20);
    return this.#memory[0];
  }

  /** The value of a metric without labels. */
  async gauge(name) {
    const text = await (await fetch(new URL('/metrics', this.url))).text();
    return Number(new RegExp(`^context_cache_${name} (.*)$`, 'm').exec(text)?.[1]);
  }

  async isReady() {
    try {
      return (await fetch(new URL('/readyz', this.url))).ok;
    } catch {
      return false;
    }
  }

  #read(output) {
    let rest = '';
    output.on('data', (bytes) => {
      const lines = (rest + bytes).split('\n');
      rest = lines.pop();
      for (const line of lines) this.#take(line);
    });
  }

  #take(line) {
    if (line.includes(CANARY)) this.complaints.push('a canary was written');
    if (!line.startsWith('{')) return;
    const { level, memory, msg, time, err } = JSON.parse(line);
    if (memory) this.#memory.push(memory);
    if (!(level >= 50)) return;
    const reason = err?.cause?.message ?? err?.message;
    const isFull = this.#timeline.had([FULL], { from: time, to: time, within: 1_000 });
    if (isFull && NO_ROOM.test(reason)) this.failedWrites++;
    else this.complaints.push(`${msg}: ${reason}`);
  }
}

/** The servers that share a store. */
export class Fleet {
  constructor(servers) {
    this.servers = servers;
  }

  get up() {
    return this.servers.filter(({ isUp }) => isUp);
  }

  /** One that serves, where there is one. */
  pick(random) {
    const { up } = this;
    return random.pick(up.length > 0 ? up : this.servers.slice(0, 1));
  }
}
