/** Trouble that the soak makes: a server that is told to end, one that is killed, a store without room. */
export const RESTART = ['SIGTERM', 'SIGKILL'];
export const FULL = 'full store';
/** The machine kept this process waiting, so that a server may have given up an answer that was sent in time. */
export const STALL = 'stall';

const LOOK_MS = 50;
const STALL_MS = 150;

/** Which trouble there was, and when. */
export class Timeline {
  #troubles = [];

  /** The trouble lasts until what this returns is called. */
  begin(kind) {
    const trouble = { kind, from: Date.now(), to: Number.POSITIVE_INFINITY };
    this.#troubles.push(trouble);
    return () => {
      trouble.to = Date.now();
    };
  }

  /** Notes when timers of this process come late. */
  watchStalls() {
    let expected = Date.now() + LOOK_MS;
    setInterval(() => {
      const now = Date.now();
      if (now - expected > STALL_MS) this.#troubles.push({ kind: STALL, from: expected, to: now });
      expected = now + LOOK_MS;
    }, LOOK_MS).unref();
  }

  /** Whether there was trouble of these kinds between the two times, or up to so many milliseconds before or after. */
  had(kinds, { from, to = Date.now(), within = 0 }) {
    return this.#troubles.some(
      (trouble) => kinds.includes(trouble.kind) && trouble.from - within <= to && trouble.to + within >= from,
    );
  }

  count(kind) {
    return this.#troubles.filter((trouble) => trouble.kind === kind).length;
  }
}
