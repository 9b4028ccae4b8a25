import { CLEAR_AFTER_MS } from '../store.js';

/** Raised where versions of this server can no longer share what is there. */
export const LAYOUT = 1;

/**
 * Keys, each with its prefix: `c:` a context as a hash (d: data, g: gone_at, and for each holder `h:<caller>`: heldAt,
 * usedAt and the totals, with commas between), `l:` a caller's list (a sorted set by place), `u:` a caller's day (a
 * hash of numbers by hour, kind and model), `v:` a value (13 digits of its end, then the value), `q:` the queue for a lease (a list of
 * tokens), `t:` a name and a token (there for as long as its place is kept), `layout` the layout of all this.
 *
 * A context and its holdings are one key: they end together, and each is one step for the server. Redis' own expiry only
 * clears away; what has expired is told by the time that is handed in, as in every store. Leases alone go by the server's clock.
 *
 * Versions share these keys while one takes over from the other: numbers and fields are added at the end, are kept by who does
 * not know them, and count as nothing where they are missing. What cannot be shared is a new layout.
 */
const COUNT = `
local function count(key, hour, model, numbers)
  for kind = 1, 6 do
    if tonumber(numbers[kind]) > 0 then redis.call('HINCRBY', key, hour .. ':' .. kind .. ':' .. model, numbers[kind]) end
  end
  redis.call('EXPIRE', key, 34646400)
end
`;
const KEEP = `
local function keep(key, ms)
  if redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end
end
`;
/** The two oldest entries of the list go where their contexts are gone: a list grows no longer than it lives. */
const LIST = `
local function list(key, place, ms, prefix)
  redis.call('ZADD', key, 0, place)
  keep(key, ms)
  for _, oldest in ipairs(redis.call('ZRANGE', key, 0, 1)) do
    if redis.call('EXISTS', prefix .. 'c:' .. string.sub(oldest, 14)) == 0 then redis.call('ZREM', key, oldest) end
  end
end
`;
/** By the server's clock. The lease itself is a value of the same form as any other, so that versions without a queue keep to it. */
const LEASE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function hold(key, token, ms)
  redis.call('SET', key, string.format('%.0f', now + ms) .. token, 'PX', ms)
end
local function stay(queue, place, ms)
  redis.call('SET', place, 1, 'PX', ms)
  redis.call('PEXPIRE', queue, ms)
end
`;
const REST = `
local function rest(goneAt, now) return string.format('%.0f', math.max(goneAt - now, 0) + ${CLEAR_AFTER_MS}) end
`;

interface Script {
  numberOfKeys: number;
  lua: string;
}

const scripts = {
  /** c, l, u; caller, data, goneAt, now, place, prefix, hour, model */
  registryCreate: {
    numberOfKeys: 3,
    lua: `${COUNT}${KEEP}${LIST}${REST}
local ms = rest(ARGV[3], ARGV[4])
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'd', ARGV[2], 'g', ARGV[3], 'h:' .. ARGV[1], ARGV[4] .. ',' .. ARGV[4] .. ',0,0,0,0,0')
redis.call('PEXPIRE', KEYS[1], ms)
list(KEYS[2], ARGV[5], ms, ARGV[6])
count(KEYS[3], ARGV[7], ARGV[8], {1, 0, 0, 0, 0, 0})`,
  },
  /** c, l, u; caller, now, place, prefix, hour */
  registryShare: {
    numberOfKeys: 3,
    lua: `${COUNT}${KEEP}${LIST}${REST}
local found = redis.call('HMGET', KEYS[1], 'd', 'g')
if not found[1] or tonumber(found[2]) <= tonumber(ARGV[2]) then return false end
if redis.call('HSETNX', KEYS[1], 'h:' .. ARGV[1], ARGV[2] .. ',' .. ARGV[2] .. ',0,0,0,0,0') == 1 then
  list(KEYS[2], ARGV[3], rest(found[2], ARGV[2]), ARGV[4])
  count(KEYS[3], ARGV[5], cjson.decode(found[1])[1], {1, 0, 0, 0, 0, 0})
end
return {found[1], found[2], redis.call('HGET', KEYS[1], 'h:' .. ARGV[1])}`,
  },
  /** c; data, goneAt, ms */
  registryReplace: {
    numberOfKeys: 1,
    lua: `${KEEP}
if redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('HSET', KEYS[1], 'd', ARGV[1], 'g', ARGV[2])
keep(KEYS[1], ARGV[3])`,
  },
  /** c, l, u; caller, startedAt, now, goneAt, hour, then what to add: chats and tokens */
  registryUse: {
    numberOfKeys: 3,
    lua: `${COUNT}${KEEP}${REST}
local found = redis.call('HMGET', KEYS[1], 'd', 'g', 'h:' .. ARGV[1])
if not found[1] or not found[3] or tonumber(found[2]) <= tonumber(ARGV[2]) then return false end
local goneAt = tonumber(found[2]) < tonumber(ARGV[4]) and ARGV[4] or found[2]
local numbers = {}
for number in string.gmatch(found[3], '%d+') do table.insert(numbers, number) end
numbers[2] = ARGV[3]
for kind = 1, 5 do numbers[kind + 2] = string.format('%.0f', (numbers[kind + 2] or 0) + ARGV[kind + 5]) end
local held = table.concat(numbers, ',')
redis.call('HSET', KEYS[1], 'g', goneAt, 'h:' .. ARGV[1], held)
local ms = rest(goneAt, ARGV[3])
keep(KEYS[1], ms)
keep(KEYS[2], ms)
count(KEYS[3], ARGV[5], cjson.decode(found[1])[1], {0, ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]})
return {found[1], goneAt, held}`,
  },
  /** c, l; caller, now, key */
  registryRelease: {
    numberOfKeys: 2,
    lua: `
local found = redis.call('HMGET', KEYS[1], 'g', 'h:' .. ARGV[1])
if not found[2] then return 0 end
redis.call('HDEL', KEYS[1], 'h:' .. ARGV[1])
redis.call('ZREM', KEYS[2], string.sub(found[2], 1, 13) .. ARGV[3])
return tonumber(found[1]) > tonumber(ARGV[2]) and 1 or 0`,
  },
  /** v; end and value, now, ms */
  registryAddValue: {
    numberOfKeys: 1,
    lua: `
local there = redis.call('GET', KEYS[1])
if there and tonumber(string.sub(there, 1, 13)) > tonumber(ARGV[2]) then return there end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return false`,
  },
  /** v; expected, end and value (empty: remove), now, ms */
  registrySwapValue: {
    numberOfKeys: 1,
    lua: `
local there = redis.call('GET', KEYS[1])
if not there or tonumber(string.sub(there, 1, 13)) <= tonumber(ARGV[3]) then return 0 end
if string.sub(there, 14) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[4]) end
return 1`,
  },
  /** v; end, ms */
  registryKeepValue: {
    numberOfKeys: 1,
    lua: `${KEEP}
local there = redis.call('GETRANGE', KEYS[1], 0, 12)
if there == '' or tonumber(there) >= tonumber(ARGV[1]) then return end
redis.call('SETRANGE', KEYS[1], 0, ARGV[1])
keep(KEYS[1], ARGV[2])`,
  },
  /** q, v; token, ms, prefix of t */
  registryTakeLease: {
    numberOfKeys: 2,
    lua: `${LEASE}
local token, ms, places = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', places .. token) == 0 then
  redis.call('LREM', KEYS[1], 0, token)
  redis.call('RPUSH', KEYS[1], token)
end
stay(KEYS[1], places .. token, ms)
local first = redis.call('LINDEX', KEYS[1], 0)
while first and redis.call('EXISTS', places .. first) == 0 do
  redis.call('LPOP', KEYS[1])
  first = redis.call('LINDEX', KEYS[1], 0)
end
if first ~= token then return 0 end
local there = redis.call('GET', KEYS[2])
if there and string.sub(there, 14) ~= token and tonumber(string.sub(there, 1, 13)) > now then return 0 end
hold(KEYS[2], token, ms)
return 1`,
  },
  /** q, v; token, ms, prefix of t */
  registryRenewLease: {
    numberOfKeys: 2,
    lua: `${LEASE}
local there = redis.call('GET', KEYS[2])
if not there or string.sub(there, 14) ~= ARGV[1] then return 0 end
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return 0 end
stay(KEYS[1], ARGV[3] .. ARGV[1], ARGV[2])
hold(KEYS[2], ARGV[1], ARGV[2])
return 1`,
  },
  /** q, v; token, prefix of t */
  registryEndLease: {
    numberOfKeys: 2,
    lua: `
redis.call('DEL', ARGV[2] .. ARGV[1])
redis.call('LREM', KEYS[1], 1, ARGV[1])
local there = redis.call('GET', KEYS[2])
if there and string.sub(there, 14) == ARGV[1] then redis.call('DEL', KEYS[2]) end`,
  },
  /** layout, c; data, layout. What a creation writes, of a key that no context has; gives back the layout that is there. */
  registryCheck: {
    numberOfKeys: 2,
    lua: `
redis.call('HSET', KEYS[2], 'd', ARGV[1], 'g', 0)
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[1], ARGV[2], 'NX')
return redis.call('GET', KEYS[1])`,
  },
} satisfies Record<string, Script>;

type Arguments = (string | number)[];
/** A command of its own for each script. */
export type ScriptCommands = { [name in keyof typeof scripts]: (...args: Arguments) => Promise<unknown> };

export const SCRIPTS: Record<string, Script> = scripts;
