/** Seeded random numbers from 0 to 1 (mulberry32). */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  chance(probability) {
    return this.next() < probability;
  }

  /** An integer from the first to the last, inclusive. */
  between(first, last) {
    return first + Math.floor(this.next() * (last - first + 1));
  }

  pick(all) {
    return all[Math.floor(this.next() * all.length)];
  }
}
