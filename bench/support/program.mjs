import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

const START_MS = 20_000;
const END_MS = 5_000;
const PAGE_BYTES = 4_096;

/** Running programs, which end with the bench. @type {Set<Program>} */
const running = new Set();
process.once('exit', () => {
  for (const { child } of running) child.kill('SIGKILL');
});

/** A server in its own process, with its resource usage. */
export class Program {
  /** The URL it listens on. @type {string} */
  url;
  /** Its stderr, reported if it fails. */
  complaint = '';

  constructor(child) {
    this.child = child;
    running.add(this);
    child.once('exit', () => running.delete(this));
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.complaint = (this.complaint + text).slice(-4_000);
    });
  }

  /**
   * Resolves once the program has printed its URL on stdout.
   * @param {string[]} args of node
   * @param {Record<string, string>} env its whole environment besides PATH
   */
  static async start(args, env = {}) {
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env.PATH, ...env },
      // The current folder may contain a developer's `.env`.
      cwd: tmpdir(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const program = new Program(child);
    try {
      program.url = await program.#address();
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(`${args.join(' ')}: ${error.message}\n${program.complaint}`);
    }
    return program;
  }

  #address() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('it did not start in time')), START_MS);
      const settle = (then) => (value) => {
        clearTimeout(timer);
        then(value);
      };
      let said = '';
      this.child.stdout.setEncoding('utf8').on('data', (text) => {
        if (this.url) return;
        said += text;
        const [, url] = /^(?:GraphQL: )?(http:\/\/\S+)\n/m.exec(said) ?? [];
        if (url) settle(resolve)(url);
      });
      this.child.once('exit', (code) => settle(reject)(new Error(`it ended with ${code}`)));
    });
  }

  get pid() {
    return this.child.pid;
  }

  /** Processor time of all threads, in seconds. */
  cpuSeconds() {
    const tasks = `/proc/${this.pid}/task`;
    const nanoseconds = readdirSync(tasks).map((task) =>
      Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ', 1)[0]),
    );
    return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e9;
  }

  residentBytes() {
    return Number(readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
  }

  async end() {
    if (!running.has(this)) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), END_MS);
    await exited;
    clearTimeout(timer);
  }
}
