import { createRequire } from 'node:module';
import type { Redis, RedisOptions } from 'ioredis';
import { DAY_MS, dayOf, hourOf } from '../hours.js';
import { packRecord, unpackRecord } from '../record.js';
import type { Bill, Spending } from '../spending.js';
import {
  CHECK_BYTES,
  type ContextRecord,
  type ListPosition,
  type OwnedContext,
  PURGE_DELAY_MS,
  type Store,
  type UnownedUse,
  USAGE_RETENTION_MS,
  type Usage,
  type Use,
  type UsedContext,
  ZERO_TOTALS,
} from '../store.js';
import { RedisRuns } from './runs.js';
import { LAYOUT, SCRIPTS, type ScriptCommands } from './scripts.js';
import { packSpending, RedisSpending } from './spending.js';

/** Prefix of every key, so that other programs can use the same server. */
const PREFIX = 'graphql-context-cache:';
/** Longest wait in milliseconds for a server that does not respond. */
const COMMAND_TIMEOUT_MS = 2_000;
const MAX_RECONNECT_DELAY_MS = 1_000;
/** In the order of the kinds in a usage hash, from 1. */
const KINDS = [
  'contexts',
  'chats',
  'promptTokens',
  'cachedTokens',
  'completionTokens',
  'estimatedTokens',
] as const;

/** A connection that reconnects until it is closed. */
export function connectRedis(
  url: string,
  onError: (error: Error) => void,
  options: Omit<RedisOptions, 'replyMapping'> = {},
): Redis {
  // Loaded only if it is used: it consists of 47 files.
  const ioredis: typeof import('ioredis') = createRequire(import.meta.url)('ioredis');
  const redis = new ioredis.Redis(url, {
    // Commands fail at once while the server is unreachable, so that no queue builds up.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (tries: number) => Math.min(50 * 2 ** Math.min(tries, 5), MAX_RECONNECT_DELAY_MS),
    ...options,
  });
  return redis.on('error', onError);
}

/** A store in Redis or Valkey, for processes on many machines. */
export class RedisStore implements Store {
  readonly runs: RedisRuns;
  private readonly redis: Redis & ScriptCommands;
  private readonly money: RedisSpending;

  constructor(url: string, onError: (error: Error) => void) {
    const options = { keyPrefix: PREFIX, scripts: SCRIPTS, enableAutoPipelining: true };
    this.redis = connectRedis(url, onError, options) as Redis & ScriptCommands;
    this.runs = new RedisRuns(this.redis);
    this.money = new RedisSpending(this.redis);
  }

  async create(context: ContextRecord, callerId: string, bill: Bill | null = null): Promise<void> {
    const { key, expiresAt, createdAt: now, model } = context;
    const position = pack({ ownedSince: now, key });
    const keys = [`c:${key}`, `l:${callerId}`, usageKey(callerId, now)];
    const data = packRecord(context);
    const spending = packSpending(PREFIX, now, bill ? [bill] : [], null);
    await this.redis.createContext(
      ...[...keys, callerId, data, expiresAt, now, position, PREFIX, hourOf(now), model, spending],
    );
  }

  async addOwner(key: string, callerId: string, now: number): Promise<OwnedContext | null> {
    const position = pack({ ownedSince: now, key });
    const keys = [`c:${key}`, `l:${callerId}`, usageKey(callerId, now)];
    const args = [...keys, callerId, now, position, PREFIX, hourOf(now)];
    return toOwnedContext(key, await this.redis.addOwner(...args), now);
  }

  async replace(context: ContextRecord, bill: Bill | null, at: number): Promise<void> {
    const { key, expiresAt } = context;
    const spending = packSpending(PREFIX, at, bill ? [bill] : [], null);
    await this.redis.replaceContext(`c:${key}`, packRecord(context), expiresAt, at, PREFIX, spending);
  }

  async remove(key: string): Promise<void> {
    await this.redis.del(`c:${key}`);
  }

  async context(key: string, now: number): Promise<ContextRecord | null> {
    const [data, expiresAt] = await this.redis.hmget(`c:${key}`, 'd', 'g');
    return data && Number(expiresAt) > now ? unpackRecord(key, Number(expiresAt), data) : null;
  }

  async ownedContext(callerId: string, key: string, now: number): Promise<OwnedContext | null> {
    return toOwnedContext(key, await this.redis.hmget(`c:${key}`, 'd', 'g', `h:${callerId}`), now);
  }

  async ownedContexts(callerId: string, first: number, after: ListPosition | null, now: number) {
    const live: OwnedContext[] = [];
    let from = after === null ? '+' : `(${pack(after)}`;
    while (live.length < first) {
      const missing = first - live.length;
      const positions = await this.redis.zrevrangebylex(`l:${callerId}`, from, '-', 'LIMIT', 0, missing);
      const found = await Promise.all(positions.map((position) => this.ownedAt(callerId, position, now)));
      live.push(...found.filter((owned) => owned !== null));
      const last = positions.at(-1);
      if (positions.length < missing || last === undefined) break;
      from = `(${last}`;
    }
    return live;
  }

  async use(callerId: string, key: string, use: Use): Promise<UsedContext | null> {
    const { startedAt, at, expiresAt, bill, kept, moved } = use;
    const { chats, promptTokens, cachedTokens, completionTokens, estimatedTokens } = use;
    const keys = [`c:${key}`, usageKey(callerId, at)];
    const found = await this.redis.useContext(
      ...[...keys, callerId, startedAt, at, expiresAt, hourOf(at)],
      ...[chats, promptTokens, cachedTokens, completionTokens, estimatedTokens],
      packSpending(PREFIX, at, bill ? [bill] : [], kept),
      ...(moved ? [packRecord(moved.from), packRecord(moved.to)] : ['', '']),
      PREFIX,
    );
    const owned = toOwnedContext(key, found, startedAt);
    const [, , , tokenHours, hasMoved] = (found ?? []) as unknown[];
    return owned && { ...owned, tokenHours: Number(tokenHours), hasMoved: hasMoved === 1 };
  }

  async removeOwner(callerId: string, key: string, now: number): Promise<boolean> {
    return (await this.redis.removeOwner(`c:${key}`, `l:${callerId}`, callerId, now, key)) === 1;
  }

  async removeUnowned(key: string, now: number): Promise<ContextRecord | null> {
    const found = (await this.redis.removeUnowned(`c:${key}`, now)) as [string, string] | null;
    return found && unpackRecord(key, Number(found[1]), found[0]);
  }

  async addUsage({ caller, names, used, at, extension, bills }: UnownedUse): Promise<number> {
    const { chats, promptTokens, cachedTokens, completionTokens, estimatedTokens } = used;
    const keys = [`c:${extension?.key ?? ''}`, ...names.map(({ scope }) => usageKey(scope, at))];
    const tokenHours = await this.redis.addUsage(
      ...[keys.length, ...keys, extension?.expiresAt ?? 0, at, hourOf(at)],
      ...[chats, promptTokens, cachedTokens, completionTokens, estimatedTokens],
      packSpending(PREFIX, at, bills, extension?.kept ?? null),
      caller,
      PREFIX,
      ...names.map(({ name }) => name),
    );
    return Number(tokenHours);
  }

  async usage(scope: string, since: number, now: number): Promise<Usage[]> {
    const from = hourOf(Math.max(since, now - USAGE_RETENTION_MS));
    const days: Promise<Record<string, string>>[] = [];
    for (let day = dayOf(from); day <= now; day += DAY_MS) {
      days.push(this.redis.hgetall(usageKey(scope, day)));
    }
    return sumUp(await Promise.all(days), from);
  }

  spending(callerId: string, since: number, now: number): Promise<Spending[]> {
    return this.money.of(callerId, Math.max(since, now - USAGE_RETENTION_MS), now);
  }

  spenders(since: number, now: number, first: number, after: string): Promise<string[]> {
    return this.money.spenders(Math.max(since, now - USAGE_RETENTION_MS), now, first, after);
  }

  async value(key: string, now: number): Promise<string | null> {
    return unwrap(await this.redis.get(`v:${key}`), now);
  }

  async setValue(key: string, value: string, ttlMs: number, now: number): Promise<void> {
    await this.redis.set(`v:${key}`, `${now + ttlMs}${value}`, 'PX', ttlMs + PURGE_DELAY_MS);
  }

  async addValue(key: string, value: string, ttlMs: number, now: number): Promise<string | null> {
    const wrapped = `${now + ttlMs}${value}`;
    const stored = await this.redis.addValue(`v:${key}`, wrapped, now, ttlMs + PURGE_DELAY_MS);
    return unwrap(stored as string | null, now);
  }

  async compareAndSwapValue(key: string, expected: string, value: string | null, ttlMs: number, now: number) {
    const wrapped = value === null ? '' : `${now + ttlMs}${value}`;
    const args = [expected, wrapped, now, ttlMs + PURGE_DELAY_MS];
    return (await this.redis.compareAndSwapValue(`v:${key}`, ...args)) === 1;
  }

  async extendValue(key: string, until: number, now: number): Promise<void> {
    await this.redis.extendValue(`v:${key}`, until, until - now + PURGE_DELAY_MS);
  }

  async acquireLease(name: string, token: string, ttlMs: number): Promise<boolean> {
    return (await this.redis.acquireLease(...leaseKeys(name), token, ttlMs, entriesOf(name))) === 1;
  }

  async renewLease(name: string, token: string, ttlMs: number): Promise<boolean> {
    return (await this.redis.renewLease(...leaseKeys(name), token, ttlMs, entriesOf(name))) === 1;
  }

  async isLeaseHeld(name: string): Promise<boolean> {
    return (await this.redis.exists(`v:lease:${name}`)) === 1;
  }

  async releaseLease(name: string, token: string): Promise<void> {
    await this.redis.releaseLease(...leaseKeys(name), token, entriesOf(name));
  }

  async check(bytes = CHECK_BYTES): Promise<void> {
    const found = await this.redis.checkWritable('layout', 'c:', 'x'.repeat(bytes), LAYOUT);
    if (Number(found) > LAYOUT) {
      const message = `the store has layout ${found}, which a newer version of this server writes`;
      throw new Error(`${message}; this one reads layouts up to ${LAYOUT}`);
    }
  }

  async purgeExpired(): Promise<void> {
    // Redis deletes expired keys itself.
  }

  async close(): Promise<void> {
    this.redis.disconnect();
  }

  private async ownedAt(callerId: string, position: string, now: number): Promise<OwnedContext | null> {
    const key = position.slice(13);
    const found = await this.redis.hmget(`c:${key}`, 'd', 'g', `h:${callerId}`);
    // A context that was removed and shared again since is at a newer position.
    if (Number(found[2]?.slice(0, 13)) === Number(position.slice(0, 13))) {
      // Null if it has expired: its position stays, as a chat that began in time may still extend it.
      return toOwnedContext(key, found, now);
    }
    await this.redis.zrem(`l:${callerId}`, position);
    return null;
  }
}

/** Sorts by ownedSince, then by key: 13 digits last until the year 2286. */
function pack({ ownedSince, key }: ListPosition): string {
  return `${String(ownedSince).padStart(13, '0')}${key}`;
}

function usageKey(scope: string, at: number): string {
  return `u:${scope}:${dayOf(at) / DAY_MS}`;
}

function leaseKeys(name: string): [queue: string, lease: string] {
  return [`q:${name}`, `v:lease:${name}`];
}

/** Prefix of the keys of its queue entries. */
function entriesOf(name: string): string {
  return `${PREFIX}t:${name}:`;
}

function unwrap(wrapped: string | null, now: number): string | null {
  return wrapped !== null && Number(wrapped.slice(0, 13)) > now ? wrapped.slice(13) : null;
}

function toOwnedContext(key: string, found: unknown, now: number): OwnedContext | null {
  const [data, expiresAt, owner] = (found ?? []) as (string | null | undefined)[];
  if (!data || !owner || Number(expiresAt) <= now) return null;
  // Earlier versions have no estimated tokens; later ones may have more numbers.
  const [ownedSince, lastUsedAt, chats, promptTokens, cachedTokens, completionTokens, estimatedTokens = 0] =
    owner.split(',').map(Number);
  const totals = { chats, promptTokens, cachedTokens, completionTokens, estimatedTokens };
  const context = unpackRecord(key, Number(expiresAt), data);
  return { context, ownedSince, lastUsedAt, totals } as OwnedContext;
}

function sumUp(days: Record<string, string>[], from: number): Usage[] {
  const byName = new Map<string, Usage>();
  for (const [field, number] of days.flatMap((day) => Object.entries(day))) {
    const [, hour, position, name] = /^(\d+):(\d):(.*)$/s.exec(field) ?? [];
    const kind = KINDS[Number(position) - 1];
    if (kind === undefined || name === undefined || Number(hour) < from) continue;
    const sums = byName.get(name) ?? { name, contexts: 0, ...ZERO_TOTALS };
    sums[kind] += Number(number);
    byName.set(name, sums);
  }
  return [...byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}
