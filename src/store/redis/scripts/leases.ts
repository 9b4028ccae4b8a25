import type { Script } from './script.js';

/** The lease is stored like any other value, so that versions without a queue respect it. */
const LEASE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function hold(key, token, ms)
  redis.call('SET', key, string.format('%.0f', now + ms) .. token, 'PX', ms)
end
local function wait(queue, entry, ms)
  redis.call('SET', entry, 1, 'PX', ms)
  redis.call('PEXPIRE', queue, ms)
end
`;

export const LEASE_SCRIPTS = {
  /** q, v; token, ms, prefix of t */
  acquireLease: {
    numberOfKeys: 2,
    lua: `${LEASE}
local token, ms, entries = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', entries .. token) == 0 then
  redis.call('LREM', KEYS[1], 0, token)
  redis.call('RPUSH', KEYS[1], token)
end
wait(KEYS[1], entries .. token, ms)
local first = redis.call('LINDEX', KEYS[1], 0)
while first and redis.call('EXISTS', entries .. first) == 0 do
  redis.call('LPOP', KEYS[1])
  first = redis.call('LINDEX', KEYS[1], 0)
end
if first ~= token then return 0 end
local stored = redis.call('GET', KEYS[2])
if stored and string.sub(stored, 14) ~= token and tonumber(string.sub(stored, 1, 13)) > now then return 0 end
hold(KEYS[2], token, ms)
return 1`,
  },
  /** q, v; token, ms, prefix of t */
  renewLease: {
    numberOfKeys: 2,
    lua: `${LEASE}
local stored = redis.call('GET', KEYS[2])
if not stored or string.sub(stored, 14) ~= ARGV[1] then return 0 end
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return 0 end
wait(KEYS[1], ARGV[3] .. ARGV[1], ARGV[2])
hold(KEYS[2], ARGV[1], ARGV[2])
return 1`,
  },
  /** q, v; token, prefix of t */
  releaseLease: {
    numberOfKeys: 2,
    lua: `
redis.call('DEL', ARGV[2] .. ARGV[1])
redis.call('LREM', KEYS[1], 1, ARGV[1])
local stored = redis.call('GET', KEYS[2])
if stored and string.sub(stored, 14) == ARGV[1] then redis.call('DEL', KEYS[2]) end`,
  },
} satisfies Record<string, Script>;
