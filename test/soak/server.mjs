import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Part of every prompt, key and token; must not appear in the server's output. */
export const CANARY = 'canary-soak';
export const SECRET = `${CANARY}-secret-of-thirty-two-bytes`;

/** The built server in its own process, which can be killed and restarted on the same port. */
export class Server {
  #port = 0;
  #child;
  #memory = [];
  /** Output that must not occur. */
  complaints = [];

  constructor(gatewayUrl, storeUrl) {
    this.env = {
      GATEWAY_URL: gatewayUrl,
      GATEWAY_API_KEY: `sk-${CANARY}-key`,
      GATEWAY_HEADERS_TIMEOUT_MS: '300',
      GATEWAY_IDLE_TIMEOUT_MS: '300',
      GATEWAY_TOTAL_TIMEOUT_MS: '5000',
      STORE_URL: storeUrl,
      AUTH_MODE: 'jwt',
      AUTH_JWT_SECRET: SECRET,
      RATE_LIMIT_CREATES_PER_MINUTE: '0',
      RATE_LIMIT_CHATS_PER_MINUTE: '0',
    };
  }

  get url() {
    return `http://127.0.0.1:${this.#port}/graphql`;
  }

  async start() {
    const args = ['--expose-gc', '--import', resolve('test/soak/memory.mjs'), resolve('dist/main.js')];
    const env = { ...this.env, PORT: String(this.#port) };
    // The current folder may contain a developer's `.env`.
    const cwd = tmpdir();
    const child = spawn(process.execPath, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const output of [child.stdout, child.stderr]) this.#read(output);
    const [code] = await Promise.race([
      once(child, 'exit'),
      (async () => {
        while (this.#port === 0 || !(await this.#isUp())) await pause(20);
        return [undefined];
      })(),
    ]);
    if (code !== undefined) throw new Error(`the server did not start: ${this.complaints}`);
  }

  async end(signal) {
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

  async #isUp() {
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
    this.#port ||= Number(/http:\S+:(\d+)\/graphql/.exec(line)?.[1] ?? 0);
    if (line.includes(CANARY)) this.complaints.push('a canary was written');
    if (!line.startsWith('{')) return;
    const { level, memory } = JSON.parse(line);
    if (memory) this.#memory.push(memory);
    if (level >= 50) this.complaints.push(line);
  }
}
