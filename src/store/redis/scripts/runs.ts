import { EXTEND } from './functions.js';
import type { Script } from './script.js';

export const RUN_SCRIPTS = {
  /** r, rl; caller, holder, start, goneAt, watchedAt, data, ms, id, longest list */
  createRun: {
    numberOfKeys: 2,
    lua: `${EXTEND}
redis.call('HSET', KEYS[1], 'c', ARGV[1], 'h', ARGV[2], 's', ARGV[3], 'g', ARGV[4], 'w', ARGV[5], 'd', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[8])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -ARGV[9] - 1)
extend(KEYS[2], ARGV[7])`,
  },
  /** r; when it was watched. A run that has just expired does not come back. */
  watchRun: {
    numberOfKeys: 1,
    lua: `
local stored = redis.call('HGET', KEYS[1], 'w')
if stored and tonumber(stored) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'w', ARGV[1]) end`,
  },
  /** rs; id, ms */
  requestStop: {
    numberOfKeys: 1,
    lua: `
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
  },
  /** r, rp; data (empty: unchanged), goneAt, ms, then seq and data of each part */
  updateRun: {
    numberOfKeys: 2,
    lua: `
if redis.call('EXISTS', KEYS[1]) == 0 then return end
if ARGV[1] ~= '' then
  redis.call('HSET', KEYS[1], 'd', ARGV[1], 'g', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local written = last and tonumber(string.match(last[1], '%d+')) or 0
for at = 4, #ARGV, 2 do
  if tonumber(ARGV[at]) > written then redis.call('XADD', KEYS[2], ARGV[at] .. '-0', 'd', ARGV[at + 1]) end
end
redis.call('PEXPIRE', KEYS[2], redis.call('PTTL', KEYS[1]))`,
  },
} satisfies Record<string, Script>;
