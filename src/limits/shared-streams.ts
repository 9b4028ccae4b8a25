import type { Redis } from 'ioredis';
import type { SharedStreams } from './open-streams.js';

/** Milliseconds that a stream is counted after its process' last sign of life, and between two of those. */
const PLACE_MS = 15_000;
const RENEW_MS = 5_000;

/** By Redis' own clock, so that no process' clock matters. Versions that count streams to their ends share the key. */
const PREAMBLE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function keep(ms, stream)
  redis.call('ZADD', KEYS[1], now + ms, stream)
  if redis.call('PTTL', KEYS[1]) < tonumber(ms) then redis.call('PEXPIRE', KEYS[1], ms) end
end`;
const TAKE = `${PREAMBLE}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
keep(ARGV[3], ARGV[2])
return 1`;
const RENEW = `${PREAMBLE}
for place = 2, #ARGV do keep(ARGV[1], ARGV[place]) end`;

const keyOf = (callerId: string) => `graphql-context-cache:limit:streams:${callerId}`;

/** Places that a process renews while it lives, so that one that was killed frees them soon. */
export class StreamsInRedis implements SharedStreams {
  private readonly open = new Map<string, Set<string>>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly redis: Redis,
    renewMs = RENEW_MS,
    private readonly placeMs = PLACE_MS,
  ) {
    this.timer = setInterval(() => this.renew(), renewMs).unref();
  }

  async take(callerId: string, streamId: string, max: number): Promise<boolean> {
    let isTaken = true;
    try {
      isTaken = (await this.redis.eval(TAKE, 1, keyOf(callerId), max, streamId, this.placeMs)) === 1;
    } finally {
      // A stream that was taken while Redis was away is counted once it is back.
      if (isTaken) this.open.set(callerId, (this.open.get(callerId) ?? new Set()).add(streamId));
    }
    return isTaken;
  }

  async release(callerId: string, streamId: string): Promise<void> {
    this.forget(callerId, streamId);
    await this.redis.zrem(keyOf(callerId), streamId);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private renew(): void {
    for (const [callerId, streams] of this.open) {
      this.redis.eval(RENEW, 1, keyOf(callerId), this.placeMs, ...streams).catch(() => undefined);
    }
  }

  private forget(callerId: string, streamId: string): void {
    const streams = this.open.get(callerId);
    streams?.delete(streamId);
    if (streams?.size === 0) this.open.delete(callerId);
  }
}
