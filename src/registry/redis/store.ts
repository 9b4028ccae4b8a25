import { createRequire } from 'node:module';
import type { Redis, RedisOptions } from 'ioredis';
import { packRecord, unpackRecord } from '../record.js';
import {
  CHECK_BYTES,
  CLEAR_AFTER_MS,
  type ContextRecord,
  DAY_MS,
  type Holding,
  hourOf,
  type ModelUsage,
  NO_USE,
  type Place,
  type Store,
  USAGE_KEPT_MS,
  type Use,
} from '../store.js';
import { LAYOUT, SCRIPTS, type ScriptCommands } from './scripts.js';

/** Of every key, so that other programs can use the same server. */
const PREFIX = 'graphql-context-cache:';
/** Milliseconds: a caller waits no longer for a server that does not answer. */
const COMMAND_TIMEOUT_MS = 2_000;
const LONGEST_PAUSE_MS = 1_000;
/** In the order of a usage hash's numbers, from 1. */
const KINDS = [
  'contexts',
  'chats',
  'promptTokens',
  'cachedTokens',
  'completionTokens',
  'estimatedTokens',
] as const;

/** A connection that tries again until it is closed. `onTrouble` hears of each time that it is lost. */
export function connectRedis(
  url: string,
  onTrouble: (error: Error) => void,
  options: Omit<RedisOptions, 'replyMapping'> = {},
): Redis {
  // Loaded where one is used: 47 files that a registry in a file starts without.
  const ioredis: typeof import('ioredis') = createRequire(import.meta.url)('ioredis');
  const redis = new ioredis.Redis(url, {
    // A command that cannot be sent fails at once: nothing piles up behind a server that is gone.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (tries: number) => Math.min(50 * 2 ** Math.min(tries, 5), LONGEST_PAUSE_MS),
    ...options,
  });
  return redis.on('error', onTrouble);
}

/** A Redis or Valkey that many processes share. */
export class RedisStore implements Store {
  private readonly redis: Redis & ScriptCommands;

  constructor(url: string, onTrouble: (error: Error) => void) {
    const options = { keyPrefix: PREFIX, scripts: SCRIPTS, enableAutoPipelining: true };
    this.redis = connectRedis(url, onTrouble, options) as Redis & ScriptCommands;
  }

  async create(context: ContextRecord, callerId: string): Promise<void> {
    const { key, goneAt, createdAt: now, model } = context;
    const place = placeOf({ heldAt: now, key });
    const keys = [`c:${key}`, `l:${callerId}`, usageKey(callerId, now)];
    const data = packRecord(context);
    await this.redis.registryCreate(
      ...[...keys, callerId, data, goneAt, now, place, PREFIX, hourOf(now), model],
    );
  }

  async share(key: string, callerId: string, now: number): Promise<Holding | null> {
    const place = placeOf({ heldAt: now, key });
    const keys = [`c:${key}`, `l:${callerId}`, usageKey(callerId, now)];
    const found = await this.redis.registryShare(...[...keys, callerId, now, place, PREFIX, hourOf(now)]);
    return toHolding(key, found, now);
  }

  async replace(context: ContextRecord): Promise<void> {
    const { key, goneAt, createdAt } = context;
    const ms = Math.max(goneAt - createdAt, 0) + CLEAR_AFTER_MS;
    await this.redis.registryReplace(`c:${key}`, packRecord(context), goneAt, ms);
  }

  async remove(key: string): Promise<void> {
    await this.redis.del(`c:${key}`);
  }

  async context(key: string, now: number): Promise<ContextRecord | null> {
    const [data, goneAt] = await this.redis.hmget(`c:${key}`, 'd', 'g');
    return data && Number(goneAt) > now ? unpackRecord(key, Number(goneAt), data) : null;
  }

  async holding(callerId: string, key: string, now: number): Promise<Holding | null> {
    return toHolding(key, await this.redis.hmget(`c:${key}`, 'd', 'g', `h:${callerId}`), now);
  }

  async holdings(callerId: string, first: number, after: Place | null, now: number): Promise<Holding[]> {
    const live: Holding[] = [];
    let from = after === null ? '+' : `(${placeOf(after)}`;
    while (live.length < first) {
      const wanted = first - live.length;
      const places = await this.redis.zrevrangebylex(`l:${callerId}`, from, '-', 'LIMIT', 0, wanted);
      const found = await Promise.all(places.map((place) => this.atPlace(callerId, place, now)));
      live.push(...found.filter((held) => held !== null));
      const last = places.at(-1);
      if (places.length < wanted || last === undefined) break;
      from = `(${last}`;
    }
    return live;
  }

  async use(callerId: string, key: string, use: Use): Promise<Holding | null> {
    const { startedAt, at, goneAt, chats, promptTokens, cachedTokens, completionTokens, estimatedTokens } =
      use;
    const keys = [`c:${key}`, `l:${callerId}`, usageKey(callerId, at)];
    const found = await this.redis.registryUse(
      ...[...keys, callerId, startedAt, at, goneAt, hourOf(at)],
      ...[chats, promptTokens, cachedTokens, completionTokens, estimatedTokens],
    );
    return toHolding(key, found, startedAt);
  }

  async release(callerId: string, key: string, now: number): Promise<boolean> {
    return (await this.redis.registryRelease(`c:${key}`, `l:${callerId}`, callerId, now, key)) === 1;
  }

  async usage(callerId: string, since: number, now: number): Promise<ModelUsage[]> {
    const from = hourOf(Math.max(since, now - USAGE_KEPT_MS));
    const days: Promise<Record<string, string>>[] = [];
    for (let day = dayOf(from); day <= now; day += DAY_MS) {
      days.push(this.redis.hgetall(usageKey(callerId, day)));
    }
    return sumUp(await Promise.all(days), from);
  }

  async value(key: string, now: number): Promise<string | null> {
    return unwrap(await this.redis.get(`v:${key}`), now);
  }

  async setValue(key: string, value: string, ttlMs: number, now: number): Promise<void> {
    await this.redis.set(`v:${key}`, `${now + ttlMs}${value}`, 'PX', ttlMs + CLEAR_AFTER_MS);
  }

  async addValue(key: string, value: string, ttlMs: number, now: number): Promise<string | null> {
    const wrapped = `${now + ttlMs}${value}`;
    const there = await this.redis.registryAddValue(`v:${key}`, wrapped, now, ttlMs + CLEAR_AFTER_MS);
    return unwrap(there as string | null, now);
  }

  async swapValue(key: string, expected: string, value: string | null, ttlMs: number, now: number) {
    const wrapped = value === null ? '' : `${now + ttlMs}${value}`;
    const args = [expected, wrapped, now, ttlMs + CLEAR_AFTER_MS];
    return (await this.redis.registrySwapValue(`v:${key}`, ...args)) === 1;
  }

  async keepValue(key: string, until: number, now: number): Promise<void> {
    await this.redis.registryKeepValue(`v:${key}`, until, until - now + CLEAR_AFTER_MS);
  }

  async takeLease(name: string, token: string, ttlMs: number): Promise<boolean> {
    return (await this.redis.registryTakeLease(...leaseKeys(name), token, ttlMs, placesOf(name))) === 1;
  }

  async renewLease(name: string, token: string, ttlMs: number): Promise<boolean> {
    return (await this.redis.registryRenewLease(...leaseKeys(name), token, ttlMs, placesOf(name))) === 1;
  }

  async endLease(name: string, token: string): Promise<void> {
    await this.redis.registryEndLease(...leaseKeys(name), token, placesOf(name));
  }

  async check(bytes = CHECK_BYTES): Promise<void> {
    const found = await this.redis.registryCheck('layout', 'c:', 'x'.repeat(bytes), LAYOUT);
    if (Number(found) > LAYOUT) {
      const message = `the registry has layout ${found}, which a newer version of this server writes`;
      throw new Error(`${message}; this one reads layouts up to ${LAYOUT}`);
    }
  }

  async tidy(): Promise<void> {
    // Redis clears away what has expired by itself.
  }

  async close(): Promise<void> {
    this.redis.disconnect();
  }

  private async atPlace(callerId: string, place: string, now: number): Promise<Holding | null> {
    const held = await this.holding(callerId, place.slice(13), now);
    // It may have been released and come to be held again since, further up in the list.
    if (held && held.heldAt === Number(place.slice(0, 13))) return held;
    await this.redis.zrem(`l:${callerId}`, place);
    return null;
  }
}

/** Sorts by heldAt, then by key: 13 digits last until the year 2286. */
function placeOf({ heldAt, key }: Place): string {
  return `${String(heldAt).padStart(13, '0')}${key}`;
}

function dayOf(time: number): number {
  return Math.floor(time / DAY_MS) * DAY_MS;
}

function usageKey(callerId: string, at: number): string {
  return `u:${callerId}:${dayOf(at) / DAY_MS}`;
}

function leaseKeys(name: string): [queue: string, lease: string] {
  return [`q:${name}`, `v:lease:${name}`];
}

/** Prefix of the keys that keep the places in its queue. */
function placesOf(name: string): string {
  return `${PREFIX}t:${name}:`;
}

function unwrap(wrapped: string | null, now: number): string | null {
  return wrapped !== null && Number(wrapped.slice(0, 13)) > now ? wrapped.slice(13) : null;
}

function toHolding(key: string, found: unknown, now: number): Holding | null {
  const [data, goneAt, held] = (found ?? []) as (string | null | undefined)[];
  if (!data || !held || Number(goneAt) <= now) return null;
  // Those of an earlier version have no estimated tokens; those of a later one may have more numbers.
  const [heldAt, usedAt, chats, promptTokens, cachedTokens, completionTokens, estimatedTokens = 0] = held
    .split(',')
    .map(Number);
  const totals = { chats, promptTokens, cachedTokens, completionTokens, estimatedTokens };
  return { context: unpackRecord(key, Number(goneAt), data), heldAt, usedAt, totals } as Holding;
}

function sumUp(days: Record<string, string>[], from: number): ModelUsage[] {
  const byModel = new Map<string, ModelUsage>();
  for (const [field, number] of days.flatMap((day) => Object.entries(day))) {
    const [, hour, kind, model] = /^(\d+):(\d):(.*)$/s.exec(field) ?? [];
    const name = KINDS[Number(kind) - 1];
    if (name === undefined || model === undefined || Number(hour) < from) continue;
    const sums = byModel.get(model) ?? { model, contexts: 0, ...NO_USE };
    sums[name] += Number(number);
    byModel.set(model, sums);
  }
  return [...byModel.values()].sort((one, other) => (one.model < other.model ? -1 : 1));
}
