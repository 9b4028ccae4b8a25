import { DAY_MS } from '../hours.js';
import { PART } from './schema.js';

/** The number of a caller or model; NULL if the name is unknown. */
const numberOf = (parameter: number) => `(SELECT number FROM names WHERE name = ?${parameter})`;

const SUMS = 'chats, prompt_tokens, cached_tokens, completion_tokens, estimated_tokens';
export const USAGE = `hour, caller, model, contexts, ${SUMS}`;
export const ADD_USAGE = `ON CONFLICT DO UPDATE SET contexts = contexts + excluded.contexts, chats = chats + excluded.chats,
  prompt_tokens = prompt_tokens + excluded.prompt_tokens, cached_tokens = cached_tokens + excluded.cached_tokens,
  completion_tokens = completion_tokens + excluded.completion_tokens,
  estimated_tokens = estimated_tokens + excluded.estimated_tokens`;

const SPENDING_KEY = 'hour, caller, model, prompt, prices';
const SPENDING_SUMS =
  'input, cached_input, cache_write, output, chat_prompt, chat_output, token_hours, user_tokens';
const SPENDING = `${SPENDING_KEY}, ${SPENDING_SUMS}`;
const ADD_SPENDING = `ON CONFLICT DO UPDATE SET ${SPENDING_SUMS.split(', ')
  .map((sum) => `${sum} = ${sum} + excluded.${sum}`)
  .join(', ')}`;
const PAST_SPENDING = `FROM spending_now WHERE hour < ?1 ORDER BY ${SPENDING_KEY} LIMIT ?2`;
const PAST_USAGE = 'FROM usage_now WHERE hour < ?1 ORDER BY hour, caller, model LIMIT ?2';

/** The hours from ?2 on that a table of current sums has. */
const currentHours = (table: string) => `hours (hour) AS (
      SELECT MAX(hour) FROM ${table} WHERE hour >= ?2
      UNION ALL
      SELECT (SELECT MAX(hour) FROM ${table} u WHERE u.hour < hours.hour AND u.hour >= ?2) FROM hours
      WHERE hours.hour IS NOT NULL
    )`;

/** `owner`: the table with the owner's data, `c` (contexts) or `s` (shares). */
const ownedColumns = (
  owner: string,
) => `c.key, c.gone_at AS expiresAt, c.data, ${owner}.held_at AS ownedSince,
  ${owner}.used_at AS lastUsedAt, ${owner}.chats, ${owner}.prompt_tokens AS promptTokens,
  ${owner}.cached_tokens AS cachedTokens, ${owner}.completion_tokens AS completionTokens,
  ${owner}.estimated_tokens AS estimatedTokens`;

const SHARES = 'shares s CROSS JOIN contexts c ON c.number = s.context';

/** Parameters: time, sums, key, start of the chat, caller. */
const ADD_USE = `used_at = ?1, chats = chats + ?2, prompt_tokens = prompt_tokens + ?3, cached_tokens = cached_tokens + ?4,
  completion_tokens = completion_tokens + ?5, estimated_tokens = estimated_tokens + ?6`;

/** The last part, up to part ?1, with an entry of caller ?2 that is not newer than ?3. */
const lastPart = (table: string) => `WITH RECURSIVE parts (part) AS (
    SELECT MAX(number / ${PART}) FROM ${table} WHERE number / ${PART} <= ?1
    UNION ALL
    SELECT (SELECT MAX(number / ${PART}) FROM ${table} WHERE number / ${PART} < parts.part) FROM parts
    WHERE parts.part IS NOT NULL
  )
  SELECT part FROM parts
  WHERE EXISTS (SELECT 1 FROM ${table} WHERE number / ${PART} = parts.part AND caller = ${numberOf(2)} AND held_at <= ?3)
  LIMIT 1`;

/** Parameters: part, caller, list position (ownedSince and key), time, limit. */
const inPart = (owner: string, tables: string) => `SELECT ${ownedColumns(owner)} FROM ${tables}
  WHERE ${owner}.number / ${PART} = ?1 AND ${owner}.caller = ${numberOf(2)} AND ${owner}.held_at <= ?3
    AND (${owner}.held_at < ?3 OR c.key < ?4) AND c.gone_at > ?5
  ORDER BY ${owner}.held_at DESC, c.key DESC LIMIT ?6`;

const RUN = `id, caller AS callerId, holder, started_at AS startedAt, gone_at AS goneAt, watched_at AS watchedAt, data`;

/** Milliseconds by the machine's clock, which is the same for all processes that share the file. */
const MACHINE_NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

export const SQL = {
  commit: 'COMMIT',
  rollback: 'ROLLBACK',

  addNames: 'INSERT OR IGNORE INTO names (name) VALUES (?), (?)',

  create: `INSERT OR IGNORE INTO contexts (key, gone_at, data, caller, held_at, used_at)
    VALUES (?1, ?2, ?3, ${numberOf(4)}, ?5, ?5)`,
  context: 'SELECT gone_at AS expiresAt, data FROM contexts WHERE key = ? AND gone_at > ?',
  contextNumber: 'SELECT number FROM contexts WHERE key = ?',
  replace: 'UPDATE contexts SET gone_at = ?, data = ? WHERE key = ?',
  move: 'UPDATE contexts SET data = ? WHERE key = ? AND data = ?',
  removeUnowned: `DELETE FROM contexts WHERE key = ? AND caller IS NULL
    AND NOT EXISTS (SELECT 1 FROM shares WHERE context = contexts.number)`,
  extend: 'UPDATE contexts SET gone_at = MAX(gone_at, ?) WHERE key = ?',
  removeContext: 'DELETE FROM contexts WHERE number = ?',
  removeShares: 'DELETE FROM shares WHERE context = ?',

  share: `INSERT INTO shares (context, caller, held_at, used_at)
    SELECT number, ${numberOf(2)}, ?3, ?3 FROM contexts WHERE key = ?1`,
  owned: `SELECT ${ownedColumns('c')} FROM contexts c
      WHERE c.key = ?1 AND c.gone_at > ?2 AND c.caller = ${numberOf(3)}
    UNION ALL
    SELECT ${ownedColumns('s')} FROM contexts c CROSS JOIN shares s ON s.context = c.number
      WHERE c.key = ?1 AND c.gone_at > ?2 AND s.caller = ${numberOf(3)}`,
  useOwn: `UPDATE contexts SET ${ADD_USE} WHERE key = ?7 AND gone_at > ?8 AND caller = ${numberOf(9)}`,
  useShared: `UPDATE shares SET ${ADD_USE}
    WHERE context = (SELECT number FROM contexts WHERE key = ?7 AND gone_at > ?8) AND caller = ${numberOf(9)}`,
  disown: `UPDATE contexts SET caller = NULL WHERE key = ?1 AND gone_at > ?2 AND caller = ${numberOf(3)}`,
  unshare: `DELETE FROM shares
    WHERE context = (SELECT number FROM contexts WHERE key = ?1 AND gone_at > ?2) AND caller = ${numberOf(3)}`,
  lastOwnPart: lastPart('contexts'),
  ownInPart: inPart('c', 'contexts c'),
  lastSharedPart: lastPart('shares'),
  sharedInPart: inPart('s', SHARES),

  addLook: 'INSERT OR REPLACE INTO looks (at, first, last) VALUES (?1, ?2, ?2)',
  looks: 'SELECT at, first, last FROM looks WHERE at <= ? ORDER BY at LIMIT ?',
  contextsBetween: 'SELECT number, gone_at AS expiresAt FROM contexts WHERE number BETWEEN ? AND ?',
  removeLook: 'DELETE FROM looks WHERE at = ? AND first = ?',

  /** Changes nothing if a name is unknown. */
  addUsage: `INSERT INTO usage_now (${USAGE})
    SELECT ?1, c.number, m.number, ?4, ?5, ?6, ?7, ?8, ?9 FROM names c, names m WHERE c.name = ?2 AND m.name = ?3
    ${ADD_USAGE}`,
  moveUsage: `INSERT INTO usage (${USAGE}) SELECT ${USAGE} ${PAST_USAGE} ${ADD_USAGE}`,
  removeMovedUsage: `DELETE FROM usage_now WHERE (hour, caller, model) IN (SELECT hour, caller, model ${PAST_USAGE})`,
  usage: `WITH RECURSIVE ${currentHours('usage_now')}, all_usage AS (
      SELECT model, contexts, ${SUMS} FROM usage WHERE caller = ${numberOf(1)} AND hour >= ?2
      UNION ALL
      SELECT model, contexts, ${SUMS} FROM hours CROSS JOIN usage_now u ON u.hour = hours.hour
      WHERE caller = ${numberOf(1)}
    )
    SELECT n.name AS name, SUM(contexts) AS contexts, SUM(chats) AS chats, SUM(prompt_tokens) AS promptTokens,
      SUM(cached_tokens) AS cachedTokens, SUM(completion_tokens) AS completionTokens,
      SUM(estimated_tokens) AS estimatedTokens
    FROM all_usage CROSS JOIN names n ON n.number = all_usage.model GROUP BY n.name ORDER BY n.name`,
  removeOldUsage: `DELETE FROM usage WHERE (caller, hour, model) IN
    (SELECT caller, hour, model FROM usage WHERE hour < ? ORDER BY hour LIMIT ?)`,

  addSpendingNames: 'INSERT OR IGNORE INTO names (name) VALUES (?), (?), (?), (?)',
  /** Changes nothing if a name is unknown. */
  addSpending: `INSERT INTO spending_now (${SPENDING})
    SELECT ?1, c.number, m.number, p.number, r.number, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
    FROM names c, names m, names p, names r WHERE c.name = ?2 AND m.name = ?3 AND p.name = ?4 AND r.name = ?5
    ${ADD_SPENDING}`,
  moveSpending: `INSERT INTO spending (${SPENDING}) SELECT ${SPENDING} ${PAST_SPENDING} ${ADD_SPENDING}`,
  removeMovedSpending: `DELETE FROM spending_now WHERE (${SPENDING_KEY}) IN (SELECT ${SPENDING_KEY} ${PAST_SPENDING})`,
  removeOldSpending: `DELETE FROM spending WHERE (${SPENDING_KEY}) IN
    (SELECT ${SPENDING_KEY} FROM spending WHERE hour < ? ORDER BY hour LIMIT ?)`,
  spending: `WITH RECURSIVE ${currentHours('spending_now')}, all_spending AS (
      SELECT ${SPENDING} FROM spending WHERE caller = ${numberOf(1)} AND hour >= ?2
      UNION ALL
      SELECT ${SPENDING.replaceAll('hour, ', 'u.hour, ')} FROM hours CROSS JOIN spending_now u ON u.hour = hours.hour
      WHERE caller = ${numberOf(1)}
    )
    SELECT hour / ${DAY_MS} * ${DAY_MS} AS day, m.name AS model, p.name AS prompt, r.name AS prices, SUM(input) AS input,
      SUM(cached_input) AS cachedInput, SUM(cache_write) AS cacheWrite, SUM(output) AS output,
      SUM(chat_prompt) AS chatPrompt, SUM(chat_output) AS chatOutput, SUM(token_hours) AS tokenHours,
      SUM(user_tokens) AS userTokens
    FROM all_spending CROSS JOIN names m ON m.number = all_spending.model
      CROSS JOIN names p ON p.number = all_spending.prompt CROSS JOIN names r ON r.number = all_spending.prices
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
  spendingHours: `WITH RECURSIVE ${currentHours('spending_now').replaceAll('?2', '?1')}
    SELECT hour FROM hours WHERE hour IS NOT NULL`,
  spenders: `SELECT DISTINCT caller AS number FROM spending WHERE caller > ?1 AND hour >= ?3
    ORDER BY caller LIMIT ?2`,
  spendersOfHour: `SELECT DISTINCT caller AS number FROM spending_now WHERE hour = ?3 AND caller > ?1
    ORDER BY caller LIMIT ?2`,
  nameNumber: 'SELECT number FROM names WHERE name = ?',
  nameOf: 'SELECT name FROM names WHERE number = ?',
  expiry: 'SELECT gone_at AS expiresAt FROM contexts WHERE key = ?',
  sharers: `SELECT n.name AS caller, c.prompt_tokens + c.completion_tokens AS tokens
      FROM contexts c CROSS JOIN names n ON n.number = c.caller WHERE c.key = ?1
    UNION ALL
    SELECT n.name, s.prompt_tokens + s.completion_tokens
      FROM contexts c CROSS JOIN shares s ON s.context = c.number CROSS JOIN names n ON n.number = s.caller
      WHERE c.key = ?1`,

  value: 'SELECT value FROM kept_values WHERE key = ? AND gone_at > ?',
  setValue: 'INSERT OR REPLACE INTO kept_values (key, value, gone_at) VALUES (?, ?, ?)',
  extendValue: 'UPDATE kept_values SET gone_at = ?2 WHERE key = ?1 AND gone_at < ?2',
  addValue: `INSERT INTO kept_values (key, value, gone_at) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value, gone_at = excluded.gone_at WHERE gone_at <= ?`,
  compareAndSwapValue:
    'UPDATE kept_values SET value = ?, gone_at = ? WHERE key = ? AND value = ? AND gone_at > ?',
  removeValue: 'DELETE FROM kept_values WHERE key = ? AND value = ? AND gone_at > ?',
  removeExpiredValues: `DELETE FROM kept_values WHERE key IN
    (SELECT key FROM kept_values WHERE gone_at <= ? ORDER BY gone_at LIMIT ?)`,

  removeExpiredLeases: `DELETE FROM leases WHERE name = ? AND gone_at <= ${MACHINE_NOW}`,
  joinLease: `INSERT INTO leases (name, token, gone_at) VALUES (?, ?, ${MACHINE_NOW} + ?)
    ON CONFLICT (name, token) DO UPDATE SET gone_at = excluded.gone_at`,
  leaseHolder: 'SELECT token FROM leases WHERE name = ? ORDER BY ticket LIMIT 1',
  isLeaseHeld: `SELECT 1 FROM leases WHERE name = ? AND gone_at > ${MACHINE_NOW} LIMIT 1`,
  releaseLease: 'DELETE FROM leases WHERE name = ? AND token = ?',
  // The oldest belong to killed processes, except for the few that are renewed.
  removeOldLeases: `DELETE FROM leases WHERE ticket IN (SELECT ticket FROM leases ORDER BY ticket LIMIT ?)
    AND gone_at <= ${MACHINE_NOW}`,

  createRun: `INSERT INTO runs (id, caller, holder, started_at, gone_at, watched_at, data) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  updateRun: 'UPDATE runs SET gone_at = ?, data = ? WHERE id = ?',
  /** A JSON list of rows. */
  addRunParts: `INSERT OR IGNORE INTO run_parts (run, seq, data)
    SELECT runs.number, value->>1, value->>2 FROM json_each(?) JOIN runs ON runs.id = value->>0`,
  run: `SELECT ${RUN} FROM runs WHERE id = ? AND gone_at > ?`,
  runParts:
    'SELECT seq, data FROM run_parts WHERE run = (SELECT number FROM runs WHERE id = ?) AND seq > ? ORDER BY seq',
  runsOf: `SELECT ${RUN} FROM runs WHERE caller = ? AND gone_at > ? ORDER BY started_at DESC LIMIT ?`,
  watchRun: 'UPDATE runs SET watched_at = MAX(watched_at, ?) WHERE id = ?',
  requestStop: 'UPDATE runs SET stop = 1 WHERE id = ?',
  stopRequests: 'SELECT id FROM runs WHERE holder = ? AND stop = 1',
  expiredRuns: 'SELECT id FROM runs WHERE gone_at <= ? ORDER BY gone_at LIMIT ?',
  removeRun: 'DELETE FROM runs WHERE id = ?',
  removeRunParts: 'DELETE FROM run_parts WHERE run = (SELECT number FROM runs WHERE id = ?)',

  // No context has this key: each begins with the gateway's id.
  probeContexts: "INSERT INTO contexts (key, gone_at, data, held_at, used_at) VALUES ('', 0, ?, 0, 0)",
  probeValues: "INSERT INTO kept_values (key, value, gone_at) VALUES ('', ?, 0)",
  removeContextProbe: "DELETE FROM contexts WHERE key = ''",
  removeValueProbe: "DELETE FROM kept_values WHERE key = ''",
};
