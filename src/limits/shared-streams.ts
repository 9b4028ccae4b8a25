import type { Redis } from 'ioredis';
import type { SharedStreams } from './open-streams.js';

/** By Redis' own clock, so that no process' clock matters. A process that died lets go of its streams at their ends. */
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;

const keyOf = (callerId: string) => `graphql-context-cache:limit:streams:${callerId}`;

/** `longestMs`: milliseconds that no stream outlives. */
export function streamsInRedis(redis: Redis, longestMs: number): SharedStreams {
  return {
    async take(callerId, streamId, max) {
      return (await redis.eval(TAKE, 1, keyOf(callerId), max, streamId, longestMs)) === 1;
    },
    async release(callerId, streamId) {
      await redis.zrem(keyOf(callerId), streamId);
    },
  };
}
