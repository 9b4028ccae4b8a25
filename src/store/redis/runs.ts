import type { Redis } from 'ioredis';
import type { RunPart, RunStore, RunUpdate, StoredRun } from '../runs.js';
import { PURGE_DELAY_MS } from '../store.js';
import type { ScriptCommands } from './scripts.js';

/** A caller's list keeps so many runs. */
const MAX_LISTED = 1_000;

/** Runs in Redis: a hash and a stream of parts for each, and a sorted set for each caller. */
export class RedisRuns implements RunStore {
  constructor(private readonly redis: Redis & ScriptCommands) {}

  async createRun({ id, callerId, holder, startedAt, goneAt, watchedAt, data }: StoredRun): Promise<void> {
    await this.redis.createRun(
      ...[`r:${id}`, `rl:${callerId}`, callerId, holder, startedAt, goneAt, watchedAt, data],
      ...[lifetime(goneAt, startedAt), id, MAX_LISTED],
    );
  }

  async updateRuns(updates: readonly RunUpdate[], now: number): Promise<void> {
    await Promise.all(
      updates.map(({ id, parts, state }) =>
        this.redis.updateRun(
          ...[`r:${id}`, `rp:${id}`, state?.data ?? '', state?.goneAt ?? 0],
          state ? lifetime(state.goneAt, now) : 0,
          ...parts.flatMap((part) => [part.seq, part.data]),
        ),
      ),
    );
  }

  async run(id: string, now: number): Promise<StoredRun | null> {
    const found = await this.redis.hgetall(`r:${id}`);
    const { c: callerId, h: holder, s, g, w, d: data } = found;
    if (callerId === undefined || holder === undefined || data === undefined || Number(g) <= now) return null;
    return { id, callerId, holder, startedAt: Number(s), goneAt: Number(g), watchedAt: Number(w), data };
  }

  async runParts(id: string, after: number): Promise<RunPart[]> {
    const entries = await this.redis.xrange(`rp:${id}`, `(${after}`, '+');
    return entries.map(([seq, [, data = '']]) => ({ seq: Number(seq.split('-', 1)[0]), data }));
  }

  async runsOf(callerId: string, limit: number, now: number): Promise<StoredRun[]> {
    const ids = await this.redis.zrevrange(`rl:${callerId}`, 0, MAX_LISTED - 1);
    const runs: StoredRun[] = [];
    for (const id of ids) {
      if (runs.length >= limit) break;
      const run = await this.run(id, now);
      if (run) runs.push(run);
      else await this.redis.zrem(`rl:${callerId}`, id);
    }
    return runs;
  }

  async watchRun(id: string, at: number): Promise<void> {
    await this.redis.watchRun(`r:${id}`, at);
  }

  async requestStop(id: string): Promise<void> {
    const holder = await this.redis.hget(`r:${id}`, 'h');
    if (holder === null) return;
    await this.redis.requestStop(`rs:${holder}`, id, PURGE_DELAY_MS);
  }

  /** A holder whose runs have ended ignores the requests, which expire. */
  stopRequests(holder: string): Promise<string[]> {
    return this.redis.smembers(`rs:${holder}`);
  }
}

function lifetime(goneAt: number, now: number): number {
  return Math.max(goneAt - now, 0) + PURGE_DELAY_MS;
}
