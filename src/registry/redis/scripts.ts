import { PURGE_DELAY_MS } from '../store.js';

/** Raised when versions of this server can no longer share their data. */
export const LAYOUT = 1;

/**
 * Keys by prefix:
 * - `c:` a context, a hash: d (data), g (expiry) and `h:<caller>` for each owner: ownedSince, lastUsedAt and the totals, separated by commas
 * - `l:` a caller's list, a sorted set by position
 * - `u:` a scope's usage of one day, a hash of numbers by hour, kind and name
 * - `s:` a caller's spending of one day, a hash of numbers by hour, kind and name; `sd:` the callers with spending on a day, a sorted set
 * - `v:` a value: its expiry in 13 digits, then the value
 * - `q:` the queue for a lease, a list of tokens
 * - `t:` a lease's name and a token; exists until the token's queue entry expires
 * - `r:` a run, a hash: c (caller), h (holder), s (start), g (end of its keeping), w (last watched), d (data)
 * - `rp:` a run's parts, a stream by seq
 * - `rl:` a caller's runs, a sorted set by start
 * - `rs:` the runs that a holder was asked to stop, a set
 * - `layout` the version of all this
 *
 * A context and its owners are one key, so that they expire together and every change is atomic. Redis' own expiry only frees memory; the
 * time that callers pass decides what has expired. Leases use the server's clock.
 *
 * During a rolling update, two versions share these keys: new numbers and fields are added at the end, are preserved by versions that do
 * not know them, and default to zero. Changes that cannot be shared need a new layout.
 */
const COUNT = `
local function count(key, hour, name, numbers)
  for kind = 1, 6 do
    if tonumber(numbers[kind]) > 0 then redis.call('HINCRBY', key, hour .. ':' .. kind .. ':' .. name, numbers[kind]) end
  end
  redis.call('EXPIRE', key, 34646400)
end
`;
const EXTEND = `
local function extend(key, ms)
  if redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end
end
`;
/**
 * `spending`: as `packSpending` writes it. `keep` books and returns the token hours by which a context's expiry moves, as `addedTokenHours` and `shareOut`
 * of `../spending.ts` count and divide them.
 */
const SPEND = `
local function bill(spending, caller, name, counts)
  local key = spending[1] .. 's:' .. caller .. ':' .. spending[2]
  for kind, number in ipairs(counts) do
    if number ~= 0 then
      redis.call('HINCRBY', key, string.format('%.0f:%d:%s', spending[3], kind, name), string.format('%.0f', number))
    end
  end
  local day = spending[1] .. 'sd:' .. spending[2]
  redis.call('ZADD', day, 0, caller)
  redis.call('EXPIRE', key, 34646400)
  redis.call('EXPIRE', day, 34646400)
end
local function spend(packed)
  if packed == '' then return end
  local spending = cjson.decode(packed)
  for _, row in ipairs(spending[4]) do bill(spending, row[1], row[2], {unpack(row, 3)}) end
end
local function keep(packed, context, caller, now, from, to)
  if packed == '' then return '0' end
  local spending = cjson.decode(packed)
  local name, since, tokens, added = unpack(spending[5])
  if not name then return '0' end
  local function started(time) return math.max(0, math.ceil((time - since) / 3600000)) end
  local over = math.floor((now - since) / 3600000)
  local hours = tokens * (started(to) - started(from)) + added * (started(to) - over)
  if hours == 0 then return '0' end
  local owners, byOwner, sum = {}, {}, 0
  local fields = redis.call('HGETALL', context)
  for at = 1, #fields, 2 do
    if string.sub(fields[at], 1, 2) == 'h:' then
      local owner = string.sub(fields[at], 3)
      local prompts, completions = string.match(fields[at + 1], '^%d+,%d+,%d+,(%d+),%d+,(%d+)')
      table.insert(owners, owner)
      byOwner[owner] = prompts + completions
      sum = sum + byOwner[owner]
    end
  end
  table.sort(owners)
  local last = byOwner[caller] and caller or owners[1] or caller
  local rest = hours
  for _, owner in ipairs(owners) do
    local share = (owner == last or sum == 0) and 0 or math.floor(hours * byOwner[owner] / sum)
    rest = rest - share
    if share ~= 0 then bill(spending, owner, name, {0, 0, 0, 0, 0, 0, share}) end
  end
  if rest ~= 0 then bill(spending, last, name, {0, 0, 0, 0, 0, 0, rest}) end
  return string.format('%.0f', hours)
end
`;
/** Removes the two oldest entries if their contexts are gone, so that a list does not grow without bound. */
const LIST = `
local function list(key, position, ms, prefix)
  redis.call('ZADD', key, 0, position)
  extend(key, ms)
  for _, oldest in ipairs(redis.call('ZRANGE', key, 0, 1)) do
    if redis.call('EXISTS', prefix .. 'c:' .. string.sub(oldest, 14)) == 0 then redis.call('ZREM', key, oldest) end
  end
end
`;
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
const LIFETIME = `
local function lifetime(expiresAt, now) return string.format('%.0f', math.max(expiresAt - now, 0) + ${PURGE_DELAY_MS}) end
`;

interface Script {
  /** Left out: the first argument. */
  numberOfKeys?: number;
  lua: string;
}

const scripts = {
  /** c, l, u; caller, data, expiresAt, now, position, prefix, hour, model, spending */
  registryCreate: {
    numberOfKeys: 3,
    lua: `${COUNT}${EXTEND}${LIST}${LIFETIME}${SPEND}
local ms = lifetime(ARGV[3], ARGV[4])
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'd', ARGV[2], 'g', ARGV[3], 'h:' .. ARGV[1], ARGV[4] .. ',' .. ARGV[4] .. ',0,0,0,0,0')
redis.call('PEXPIRE', KEYS[1], ms)
list(KEYS[2], ARGV[5], ms, ARGV[6])
count(KEYS[3], ARGV[7], ARGV[8], {1, 0, 0, 0, 0, 0})
spend(ARGV[9])`,
  },
  /** c, l, u; caller, now, position, prefix, hour */
  registryAddOwner: {
    numberOfKeys: 3,
    lua: `${COUNT}${EXTEND}${LIST}${LIFETIME}
local found = redis.call('HMGET', KEYS[1], 'd', 'g')
if not found[1] or tonumber(found[2]) <= tonumber(ARGV[2]) then return false end
if redis.call('HSETNX', KEYS[1], 'h:' .. ARGV[1], ARGV[2] .. ',' .. ARGV[2] .. ',0,0,0,0,0') == 1 then
  list(KEYS[2], ARGV[3], lifetime(found[2], ARGV[2]), ARGV[4])
  count(KEYS[3], ARGV[5], cjson.decode(found[1])[1], {1, 0, 0, 0, 0, 0})
end
return {found[1], found[2], redis.call('HGET', KEYS[1], 'h:' .. ARGV[1])}`,
  },
  /** c; data, expiresAt, ms, spending */
  registryReplace: {
    numberOfKeys: 1,
    lua: `${EXTEND}${SPEND}
spend(ARGV[4])
if redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('HSET', KEYS[1], 'd', ARGV[1], 'g', ARGV[2])
extend(KEYS[1], ARGV[3])`,
  },
  /** c, l, u; caller, startedAt, now, expiresAt, hour, the totals to add, spending, data to replace and its successor (empty: neither) */
  registryUse: {
    numberOfKeys: 3,
    lua: `${COUNT}${EXTEND}${LIFETIME}${SPEND}
local found = redis.call('HMGET', KEYS[1], 'd', 'g', 'h:' .. ARGV[1])
if not found[1] or not found[3] or tonumber(found[2]) <= tonumber(ARGV[2]) then return false end
local expiresAt = tonumber(found[2]) < tonumber(ARGV[4]) and ARGV[4] or found[2]
local moved = 1
if ARGV[12] ~= '' then
  if found[1] == ARGV[12] then redis.call('HSET', KEYS[1], 'd', ARGV[13]) found[1] = ARGV[13] else moved = 0 end
end
local numbers = {}
for number in string.gmatch(found[3], '%d+') do table.insert(numbers, number) end
numbers[2] = ARGV[3]
for kind = 1, 5 do numbers[kind + 2] = string.format('%.0f', (numbers[kind + 2] or 0) + ARGV[kind + 5]) end
local owner = table.concat(numbers, ',')
redis.call('HSET', KEYS[1], 'g', expiresAt, 'h:' .. ARGV[1], owner)
local ms = lifetime(expiresAt, ARGV[3])
extend(KEYS[1], ms)
extend(KEYS[2], ms)
count(KEYS[3], ARGV[5], cjson.decode(found[1])[1], {0, ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]})
local hours = keep(ARGV[11], KEYS[1], ARGV[1], tonumber(ARGV[3]), tonumber(found[2]), tonumber(expiresAt))
spend(ARGV[11])
return {found[1], expiresAt, owner, hours, moved}`,
  },
  /** c, then a u for each name; expiresAt, now, hour, the totals to add, spending, caller, then the names */
  registryAddUsage: {
    lua: `${COUNT}${EXTEND}${LIFETIME}${SPEND}
for at = 2, #KEYS do
  count(KEYS[at], ARGV[3], ARGV[at + 9], {0, ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]})
end
local stored = tonumber(redis.call('HGET', KEYS[1], 'g') or nil)
local hours = '0'
if stored then
  hours = keep(ARGV[9], KEYS[1], ARGV[10], tonumber(ARGV[2]), stored, math.max(stored, tonumber(ARGV[1])))
  if stored < tonumber(ARGV[1]) then
    redis.call('HSET', KEYS[1], 'g', ARGV[1])
    extend(KEYS[1], lifetime(ARGV[1], ARGV[2]))
  end
end
spend(ARGV[9])
return hours`,
  },
  /** c, l; caller, now, key */
  registryRemoveOwner: {
    numberOfKeys: 2,
    lua: `
local found = redis.call('HMGET', KEYS[1], 'g', 'h:' .. ARGV[1])
if not found[2] then return 0 end
redis.call('HDEL', KEYS[1], 'h:' .. ARGV[1])
redis.call('ZREM', KEYS[2], string.sub(found[2], 1, 13) .. ARGV[3])
return tonumber(found[1]) > tonumber(ARGV[2]) and 1 or 0`,
  },
  /** c; now */
  registryRemoveUnowned: {
    numberOfKeys: 1,
    lua: `
local found = redis.call('HMGET', KEYS[1], 'd', 'g')
if not found[1] or tonumber(found[2]) <= tonumber(ARGV[1]) then return false end
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, 2) == 'h:' then return false end
end
redis.call('DEL', KEYS[1])
return found`,
  },
  /** v; end and value, now, ms */
  registryAddValue: {
    numberOfKeys: 1,
    lua: `
local stored = redis.call('GET', KEYS[1])
if stored and tonumber(string.sub(stored, 1, 13)) > tonumber(ARGV[2]) then return stored end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return false`,
  },
  /** v; expected, end and value (empty: remove), now, ms */
  registryCompareAndSwapValue: {
    numberOfKeys: 1,
    lua: `
local stored = redis.call('GET', KEYS[1])
if not stored or tonumber(string.sub(stored, 1, 13)) <= tonumber(ARGV[3]) then return 0 end
if string.sub(stored, 14) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[4]) end
return 1`,
  },
  /** v; end, ms */
  registryExtendValue: {
    numberOfKeys: 1,
    lua: `${EXTEND}
local stored = redis.call('GETRANGE', KEYS[1], 0, 12)
if stored == '' or tonumber(stored) >= tonumber(ARGV[1]) then return end
redis.call('SETRANGE', KEYS[1], 0, ARGV[1])
extend(KEYS[1], ARGV[2])`,
  },
  /** q, v; token, ms, prefix of t */
  registryAcquireLease: {
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
  registryRenewLease: {
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
  registryReleaseLease: {
    numberOfKeys: 2,
    lua: `
redis.call('DEL', ARGV[2] .. ARGV[1])
redis.call('LREM', KEYS[1], 1, ARGV[1])
local stored = redis.call('GET', KEYS[2])
if stored and string.sub(stored, 14) == ARGV[1] then redis.call('DEL', KEYS[2]) end`,
  },
  /** r, rl; caller, holder, start, goneAt, watchedAt, data, ms, id, longest list */
  registryCreateRun: {
    numberOfKeys: 2,
    lua: `${EXTEND}
redis.call('HSET', KEYS[1], 'c', ARGV[1], 'h', ARGV[2], 's', ARGV[3], 'g', ARGV[4], 'w', ARGV[5], 'd', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[8])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -ARGV[9] - 1)
extend(KEYS[2], ARGV[7])`,
  },
  /** rs; id, ms */
  registryRequestStop: {
    numberOfKeys: 1,
    lua: `
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
  },
  /** r, rp; data (empty: unchanged), goneAt, ms, then seq and data of each part */
  registryUpdateRun: {
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
  /** layout, c; data, layout. Writes what a creation writes, under a key that no context has; returns the stored layout. */
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
/** ioredis adds a command for each script. */
export type ScriptCommands = { [name in keyof typeof scripts]: (...args: Arguments) => Promise<unknown> };

export const SCRIPTS: Record<string, Script> = scripts;
