// jest-light-runner has no timeouts: this gives its tests and hooks one.

/** Milliseconds. A test that waits this long has failed; a busy machine has not. */
const TIMEOUT_MS = 120_000;
const { setTimeout, clearTimeout, it } = globalThis;

function within(run, timeout = TIMEOUT_MS) {
  return async (...args) => {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`exceeded its timeout of ${timeout} ms`)), timeout);
    });
    try {
      await Promise.race([run(...args), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}

function timed(add) {
  return (name, run) => add(name, within(run));
}

function timedTests(add) {
  return Object.assign(timed(add), { each: (...table) => timed(add.each(...table)) });
}

globalThis.it = Object.assign(timedTests(it), { only: timedTests(it.only), skip: it.skip });
globalThis.test = globalThis.it;
for (const name of ['beforeAll', 'beforeEach', 'afterEach', 'afterAll']) {
  const hook = globalThis[name];
  // Only building an image takes longer.
  globalThis[name] = (run, timeout) => hook(within(run, timeout));
}
