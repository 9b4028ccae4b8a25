import { COUNT, EXTEND, LIFETIME, LIST, LISTS } from './functions.js';
import type { Script } from './script.js';
import { SPEND } from './spend.js';

export const CONTEXT_SCRIPTS = {
  /** c, l, u; caller, data, expiresAt, now, position, prefix, hour, model, spending */
  createContext: {
    numberOfKeys: 3,
    lua: `${COUNT}${EXTEND}${LIFETIME}${LISTS}${LIST}${SPEND}
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'd', ARGV[2], 'g', ARGV[3], 'h:' .. ARGV[1], ARGV[4] .. ',' .. ARGV[4] .. ',0,0,0,0,0')
redis.call('PEXPIRE', KEYS[1], lifetime(ARGV[3], ARGV[4]))
list(KEYS[2], ARGV[1], ARGV[5], listLifetime(ARGV[3], ARGV[4]), ARGV[6])
count(KEYS[3], ARGV[7], ARGV[8], {1, 0, 0, 0, 0, 0})
spend(ARGV[9])`,
  },
  /** c, l, u; caller, now, position, prefix, hour */
  addOwner: {
    numberOfKeys: 3,
    lua: `${COUNT}${EXTEND}${LIFETIME}${LISTS}${LIST}
local found = redis.call('HMGET', KEYS[1], 'd', 'g')
if not found[1] or tonumber(found[2]) <= tonumber(ARGV[2]) then return false end
if redis.call('HSETNX', KEYS[1], 'h:' .. ARGV[1], ARGV[2] .. ',' .. ARGV[2] .. ',0,0,0,0,0') == 1 then
  list(KEYS[2], ARGV[1], ARGV[3], listLifetime(found[2], ARGV[2]), ARGV[4])
  count(KEYS[3], ARGV[5], cjson.decode(found[1])[1], {1, 0, 0, 0, 0, 0})
end
return {found[1], found[2], redis.call('HGET', KEYS[1], 'h:' .. ARGV[1])}`,
  },
  /** c; data, expiresAt, now, prefix, spending */
  replaceContext: {
    numberOfKeys: 1,
    lua: `${EXTEND}${LIFETIME}${LISTS}${SPEND}
spend(ARGV[5])
local stored = redis.call('HGET', KEYS[1], 'g')
if not stored then return end
redis.call('HSET', KEYS[1], 'd', ARGV[1], 'g', ARGV[2])
extend(KEYS[1], lifetime(ARGV[2], ARGV[3]))
extendLists(KEYS[1], ARGV[4], stored, ARGV[2], ARGV[3])`,
  },
  /** c, u; caller, startedAt, now, expiresAt, hour, the totals to add, spending, data to replace and its successor (empty: neither), prefix */
  useContext: {
    numberOfKeys: 2,
    lua: `${COUNT}${EXTEND}${LIFETIME}${LISTS}${SPEND}
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
extend(KEYS[1], lifetime(expiresAt, ARGV[3]))
extendLists(KEYS[1], ARGV[14], found[2], expiresAt, ARGV[3])
count(KEYS[2], ARGV[5], cjson.decode(found[1])[1], {0, ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]})
local hours = keep(ARGV[11], KEYS[1], ARGV[1], tonumber(ARGV[3]), tonumber(found[2]), tonumber(expiresAt))
spend(ARGV[11])
return {found[1], expiresAt, owner, hours, moved}`,
  },
  /** c, then a u for each name; expiresAt, now, hour, the totals to add, spending, caller, prefix, then the names */
  addUsage: {
    lua: `${COUNT}${EXTEND}${LIFETIME}${LISTS}${SPEND}
for at = 2, #KEYS do
  count(KEYS[at], ARGV[3], ARGV[at + 10], {0, ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]})
end
local stored = tonumber(redis.call('HGET', KEYS[1], 'g') or nil)
local hours = '0'
if stored then
  hours = keep(ARGV[9], KEYS[1], ARGV[10], tonumber(ARGV[2]), stored, math.max(stored, tonumber(ARGV[1])))
  if stored < tonumber(ARGV[1]) then
    redis.call('HSET', KEYS[1], 'g', ARGV[1])
    extend(KEYS[1], lifetime(ARGV[1], ARGV[2]))
    extendLists(KEYS[1], ARGV[11], stored, ARGV[1], ARGV[2])
  end
end
spend(ARGV[9])
return hours`,
  },
  /** c, l; caller, now, key */
  removeOwner: {
    numberOfKeys: 2,
    lua: `
local found = redis.call('HMGET', KEYS[1], 'g', 'h:' .. ARGV[1])
if not found[2] then return 0 end
redis.call('HDEL', KEYS[1], 'h:' .. ARGV[1])
redis.call('ZREM', KEYS[2], string.sub(found[2], 1, 13) .. ARGV[3])
return tonumber(found[1]) > tonumber(ARGV[2]) and 1 or 0`,
  },
  /** c; now */
  removeUnowned: {
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
} satisfies Record<string, Script>;
