import { PURGE_DELAY_MS } from '../../store.js';

export const COUNT = `
local function count(key, hour, name, numbers)
  for kind = 1, 6 do
    if tonumber(numbers[kind]) > 0 then redis.call('HINCRBY', key, hour .. ':' .. kind .. ':' .. name, numbers[kind]) end
  end
  redis.call('EXPIRE', key, 34646400)
end
`;

export const EXTEND = `
local function extend(key, ms)
  if redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end
end
`;

/** Removes the two oldest entries if their contexts are gone, so that a list does not grow without bound. */
export const LIST = `
local function list(key, position, ms, prefix)
  redis.call('ZADD', key, 0, position)
  extend(key, ms)
  for _, oldest in ipairs(redis.call('ZRANGE', key, 0, 1)) do
    if redis.call('EXISTS', prefix .. 'c:' .. string.sub(oldest, 14)) == 0 then redis.call('ZREM', key, oldest) end
  end
end
`;

export const LIFETIME = `
local function lifetime(expiresAt, now) return string.format('%.0f', math.max(expiresAt - now, 0) + ${PURGE_DELAY_MS}) end
`;
