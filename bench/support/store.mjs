import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';

const HOUR_MS = 3_600_000;
const TTL_MS = 24 * HOUR_MS;
/** Contexts with a ttl of a day were created throughout the last day. */
const SPREAD_MS = 23 * HOUR_MS;
const FILL_IN_FLIGHT = 500;
/** The packed details of a context, as `src/contexts/details.ts` writes them. */
const DETAILS = '[["ROLLING_TOKENS",null,true],[8,0,8,0,null,null]]';
const USE = { chats: 1, promptTokens: 1_200, cachedTokens: 1_000, completionTokens: 150, estimatedTokens: 0 };

/** A store filled with live contexts of several callers. */
export class Filled {
  bytesPerContext = 0;
  #count = 0;
  #random = 1;

  /** `callers`: their number, or their ids. */
  constructor(store, { size, callers, path, server }) {
    Object.assign(this, { store, size, path, server });
    this.now = Date.now();
    this.began = this.now - SPREAD_MS;
    this.#count = size;
    this.callers =
      typeof callers === 'number' ? Array.from({ length: callers }, (_, place) => nameOf(place)) : callers;
  }

  static async create(store, shape) {
    const filled = new Filled(store, shape);
    const emptyBytes = await filled.#bytes();
    for (let place = 0; place < shape.size; place += FILL_IN_FLIGHT) {
      const length = Math.min(FILL_IN_FLIGHT, shape.size - place);
      const group = Array.from({ length }, (_, next) => filled.#at(place + next));
      await Promise.all(group.map((one) => createSurely(store, one)));
    }
    filled.bytesPerContext = ((await filled.#bytes()) - emptyBytes) / shape.size;
    return filled;
  }

  /** New contexts, one per millisecond, as under load. */
  newOnes(count) {
    return Array.from({ length: count }, () => {
      this.now += 1;
      this.#count += 1;
      return this.#one(this.#count, this.now);
    });
  }

  /** Contexts chosen uniformly at random, the worst case for every cache. */
  someOf(count) {
    const at = this.now;
    return Array.from({ length: count }, () => {
      this.#random = (this.#random * 48_271) % 2_147_483_647;
      const one = this.#at(this.#random % this.size);
      return { ...one, use: { ...USE, startedAt: at, at, expiresAt: at + TTL_MS } };
    });
  }

  async takeBack(keys) {
    for (let place = 0; place < keys.length; place += FILL_IN_FLIGHT) {
      await Promise.all(keys.slice(place, place + FILL_IN_FLIGHT).map((key) => this.store.remove(key)));
    }
  }

  async end() {
    await this.store.close();
    await this.server?.end();
  }

  /** Computed on each call: a million of them in memory would distort the measurement. */
  #at(place) {
    return this.#one(place, this.began + Math.floor((SPREAD_MS * place) / this.size));
  }

  #one(number, createdAt) {
    const callerId = this.callers[(number * 7_919) % this.callers.length];
    const time = new Date(createdAt).toISOString().replaceAll(/\D/g, '').slice(0, 14);
    const id = `ctx-${time}-${String(number % 100_000).padStart(5, '0')}`;
    const context = {
      key: `${id}:`,
      id,
      gatewayId: id,
      model: 'Doubao-1.5-pro-32k',
      mode: 'SESSION',
      ttl: TTL_MS / 1_000,
      createdAt,
      expiresAt: createdAt + TTL_MS,
      messages: null,
      details: DETAILS,
    };
    return { context, callerId };
  }

  async #bytes() {
    if (this.server) return this.server.usedBytes();
    return ['', '-wal'].reduce((sum, end) => sum + statSync(`${this.path}${end}`).size, 0);
  }
}

/** On a busy machine a call may time out now and then. */
async function createSurely(store, { context, callerId }) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await store.create(context, callerId);
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}

/** The server identifies callers by a hash. */
function nameOf(place) {
  return createHash('sha256').update(`caller ${place}`).digest('base64url');
}

/**
 * Processor time per call in microseconds: of this process and, if the store is a server, of that server. The arguments are created
 * outside the measured section, a few at a time: the garbage collector would move a large array of waiting objects repeatedly, which
 * does not happen in production.
 */
export async function cpuPerCall({ server, calls, atATime, make, call }) {
  let [own, servers] = [0, 0];
  for (let left = calls; left > 0; left -= atATime) {
    const items = make(Math.min(left, atATime));
    const serverBefore = server?.cpuSeconds() ?? 0;
    const before = process.cpuUsage();
    await Promise.all(items.map(call));
    const { user, system } = process.cpuUsage(before);
    own += user + system;
    servers += ((server?.cpuSeconds() ?? 0) - serverBefore) * 1e6;
  }
  return { own: own / calls, servers: servers / calls };
}
