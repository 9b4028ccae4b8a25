import { HOUR_MS } from '../../hours.js';
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

export const LIFETIME = `
local function lifetime(expiresAt, now) return string.format('%.0f', math.max(expiresAt - now, 0) + ${PURGE_DELAY_MS}) end
`;

/**
 * A list lives as long as the contexts in it, whoever keeps them alive. Its lifetime is rounded up to the end of an hour, so that only a
 * use that moves the expiry into another hour has to extend the lists of all owners.
 */
export const LISTS = `
local function listLifetime(expiresAt, now) return lifetime(math.ceil(expiresAt / ${HOUR_MS}) * ${HOUR_MS}, now) end
local function extendLists(context, prefix, from, to, now)
  if math.ceil(to / ${HOUR_MS}) <= math.ceil(from / ${HOUR_MS}) then return end
  for _, field in ipairs(redis.call('HKEYS', context)) do
    if string.sub(field, 1, 2) == 'h:' then extend(prefix .. 'l:' .. string.sub(field, 3), listLifetime(to, now)) end
  end
end
`;

/**
 * Checks two entries at random and removes those without a context that the caller owns since then: the more of a list is dead, the more
 * each creation removes, so no list grows much beyond twice its live entries. The oldest entries alone do not suffice, as they may
 * outlive all others. ZRANDMEMBER would need Redis 6.2; a hash of the position is as good.
 */
export const LIST = `
local function list(key, caller, position, ms, prefix)
  redis.call('ZADD', key, 0, position)
  extend(key, ms)
  local random = tonumber(string.sub(redis.sha1hex(position), 1, 8), 16)
  local at = random % math.max(redis.call('ZCARD', key) - 1, 1)
  for _, entry in ipairs(redis.call('ZRANGE', key, at, at + 1)) do
    local owner = redis.call('HGET', prefix .. 'c:' .. string.sub(entry, 14), 'h:' .. caller)
    if not owner or string.sub(owner, 1, 13) ~= string.sub(entry, 1, 13) then redis.call('ZREM', key, entry) end
  end
end
`;
