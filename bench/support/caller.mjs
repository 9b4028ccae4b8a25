import { fork } from 'node:child_process';

/** Timeout of a task. */
const TASK_MS = 180_000;

/** The process that generates the load, so that its processor time is not measured. */
export class Caller {
  #child = fork(new URL('load.mjs', import.meta.url));
  #waiting = new Map();
  #tasks = 0;

  constructor() {
    this.#child.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(result);
    });
    this.#child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the load process ended'));
    });
  }

  /** @param {string} task a name in load.mjs @param {{ url: string }} options */
  run(task, options) {
    this.#tasks += 1;
    const id = this.#tasks;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${task} took too long`)), TASK_MS);
      const settle = (then) => (value) => {
        clearTimeout(timer);
        then(value);
      };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      this.#child.send({ id, task, options });
    });
  }

  get pid() {
    return this.#child.pid;
  }

  end() {
    if (this.#child.connected) this.#child.disconnect();
  }
}
