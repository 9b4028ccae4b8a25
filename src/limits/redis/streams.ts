import type { Redis } from 'ioredis';
import { RENEW_MS, type SharedStreams, SLOT_MS } from '../open-streams.js';

/**
 * A sorted set per caller, scored by expiry. Redis' own clock is used, so that the processes' clocks do not matter. A process keeps the
 * longer expiry of others, because earlier versions share the key and do not renew.
 */
const PREAMBLE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function extend(ms, stream)
  redis.call('ZADD', KEYS[1], now + ms, stream)
  if redis.call('PTTL', KEYS[1]) < tonumber(ms) then redis.call('PEXPIRE', KEYS[1], ms) end
end`;
const ACQUIRE = `${PREAMBLE}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
extend(ARGV[3], ARGV[2])
return 1`;
const RENEW = `${PREAMBLE}
for index = 2, #ARGV do extend(ARGV[1], ARGV[index]) end`;

const keyOf = (callerId: string) => `graphql-context-cache:limit:streams:${callerId}`;

/** The slots of all processes that share the Redis server. */
export class RedisStreams implements SharedStreams {
  private readonly open = new Map<string, Set<string>>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly redis: Redis,
    renewMs = RENEW_MS,
    private readonly slotMs = SLOT_MS,
  ) {
    this.timer = setInterval(() => this.renew(), renewMs).unref();
  }

  async acquire(callerId: string, streamId: string, max: number): Promise<boolean> {
    let isAcquired = true;
    try {
      isAcquired = (await this.redis.eval(ACQUIRE, 1, keyOf(callerId), max, streamId, this.slotMs)) === 1;
    } finally {
      // A stream that began while Redis was unavailable is counted by the next renewal.
      if (isAcquired) this.open.set(callerId, (this.open.get(callerId) ?? new Set()).add(streamId));
    }
    return isAcquired;
  }

  async release(callerId: string, streamId: string): Promise<void> {
    const streams = this.open.get(callerId);
    streams?.delete(streamId);
    if (streams?.size === 0) this.open.delete(callerId);
    await this.redis.zrem(keyOf(callerId), streamId);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private renew(): void {
    for (const [callerId, streams] of this.open) {
      this.redis.eval(RENEW, 1, keyOf(callerId), this.slotMs, ...streams).catch(() => undefined);
    }
  }
}
