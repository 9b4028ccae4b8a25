import { CONTEXT_SCRIPTS } from './scripts/contexts.js';
import { LEASE_SCRIPTS } from './scripts/leases.js';
import { RUN_SCRIPTS } from './scripts/runs.js';
import type { Script } from './scripts/script.js';
import { VALUE_SCRIPTS } from './scripts/values.js';

/** Raised when versions of this server can no longer share their data. */
export const LAYOUT = 1;

/**
 * Keys by prefix:
 * - `c:` a context, a hash: d (data), g (expiry) and `h:<caller>` for each owner: ownedSince, lastUsedAt and the totals, separated by commas
 * - `l:` a caller's list, a sorted set by position; lives at least as long as each context in it
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
const scripts = {
  ...CONTEXT_SCRIPTS,
  ...VALUE_SCRIPTS,
  ...LEASE_SCRIPTS,
  ...RUN_SCRIPTS,
  /** layout, c; data, layout. Writes what a creation writes, under a key that no context has; returns the stored layout. */
  checkWritable: {
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
