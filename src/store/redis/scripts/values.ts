import { EXTEND } from './functions.js';
import type { Script } from './script.js';

export const VALUE_SCRIPTS = {
  /** v; end and value, now, ms */
  addValue: {
    numberOfKeys: 1,
    lua: `
local stored = redis.call('GET', KEYS[1])
if stored and tonumber(string.sub(stored, 1, 13)) > tonumber(ARGV[2]) then return stored end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return false`,
  },
  /** v; expected, end and value (empty: remove), now, ms */
  compareAndSwapValue: {
    numberOfKeys: 1,
    lua: `
local stored = redis.call('GET', KEYS[1])
if not stored or tonumber(string.sub(stored, 1, 13)) <= tonumber(ARGV[3]) then return 0 end
if string.sub(stored, 14) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[4]) end
return 1`,
  },
  /** v; end, ms */
  extendValue: {
    numberOfKeys: 1,
    lua: `${EXTEND}
local stored = redis.call('GETRANGE', KEYS[1], 0, 12)
if stored == '' or tonumber(stored) >= tonumber(ARGV[1]) then return end
redis.call('SETRANGE', KEYS[1], 0, ARGV[1])
extend(KEYS[1], ARGV[2])`,
  },
} satisfies Record<string, Script>;
