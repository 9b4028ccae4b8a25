/** Of the tables: a file of another version is not touched. */
export const VERSION = 1;

/**
 * Whatever is written for a new context goes to the end of a table or to a part of it that is small and written all the
 * time, however many contexts and callers there are: a page of the file that is changed is a page to be written. So
 * contexts have numbers in the order they come in, lists are kept by the hour before they are kept by the caller, and
 * so is the usage until its hour is over.
 */
export const CREATE_TABLES = `
  -- Callers and models, by short numbers.
  CREATE TABLE names (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE contexts (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, gone_at INTEGER NOT NULL,
    -- When to look whether it has expired. A chat moves gone_at alone, so that it touches no index.
    look_at INTEGER NOT NULL,
    data TEXT NOT NULL
  );
  CREATE INDEX contexts_by_look ON contexts (look_at);
  CREATE TABLE holdings (
    context INTEGER NOT NULL, caller INTEGER NOT NULL, held_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
    chats INTEGER NOT NULL DEFAULT 0, prompt_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (context, caller)
  ) WITHOUT ROWID;
  CREATE INDEX holdings_by_age ON holdings (held_at / 3600000, caller, held_at);
  CREATE TABLE usage_now (
    hour INTEGER NOT NULL, caller INTEGER NOT NULL, model INTEGER NOT NULL, contexts INTEGER NOT NULL,
    chats INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    PRIMARY KEY (hour, caller, model)
  ) WITHOUT ROWID;
  CREATE TABLE usage (
    caller INTEGER NOT NULL, hour INTEGER NOT NULL, model INTEGER NOT NULL, contexts INTEGER NOT NULL,
    chats INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    PRIMARY KEY (caller, hour, model)
  ) WITHOUT ROWID;
  CREATE INDEX usage_by_hour ON usage (hour);
  CREATE TABLE kept_values (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, gone_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX kept_values_by_end ON kept_values (gone_at);
  CREATE TABLE series (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
  PRAGMA user_version = ${VERSION};
`;

const CONTEXT = 'c.number, c.key, c.gone_at AS goneAt, c.data';
const HOLDING = `${CONTEXT}, h.caller, h.held_at AS heldAt, h.used_at AS usedAt, h.chats,
  h.prompt_tokens AS promptTokens, h.cached_tokens AS cachedTokens, h.completion_tokens AS completionTokens`;
const HELD_HOUR = 'h.held_at / 3600000';
const CALLER = '(SELECT number FROM names WHERE name = ?)';
const USAGE = 'hour, caller, model, contexts, chats, prompt_tokens, cached_tokens, completion_tokens';
const SUMS = 'contexts, chats, prompt_tokens, cached_tokens, completion_tokens';
const ADD_UP = `ON CONFLICT DO UPDATE SET contexts = contexts + excluded.contexts, chats = chats + excluded.chats,
  prompt_tokens = prompt_tokens + excluded.prompt_tokens, cached_tokens = cached_tokens + excluded.cached_tokens,
  completion_tokens = completion_tokens + excluded.completion_tokens`;
const PAST_USAGE = 'FROM usage_now WHERE hour < ? ORDER BY hour, caller, model LIMIT ?';

export const SQL = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',

  numberOf: 'SELECT number FROM names WHERE name = ?',
  addName: 'INSERT INTO names (name) VALUES (?) RETURNING number',

  // Rows as JSON arrays: one call for any number of them costs a third of a call for each.
  lastContext: 'SELECT MAX(number) AS number FROM contexts',
  createContexts: `INSERT OR IGNORE INTO contexts (number, key, gone_at, look_at, data)
    SELECT ? + key, value->>0, value->>1, value->>1, value->>2 FROM json_each(?)`,
  createHoldings: `INSERT INTO holdings (context, caller, held_at, used_at)
    SELECT ? + key, value->>0, value->>1, value->>1 FROM json_each(?)`,

  context: `SELECT ${CONTEXT} FROM contexts c WHERE c.key = ? AND c.gone_at > ?`,
  contextOfKey: 'SELECT number FROM contexts WHERE key = ?',
  replace: 'UPDATE contexts SET gone_at = ?, data = ? WHERE key = ?',
  slide: 'UPDATE contexts SET gone_at = MAX(gone_at, ?) WHERE number = ?',
  lookAt: 'SELECT number, gone_at AS goneAt FROM contexts WHERE look_at <= ? ORDER BY look_at LIMIT ?',
  lookLater: 'UPDATE contexts SET look_at = gone_at WHERE number = ?',
  remove: 'DELETE FROM contexts WHERE number = ?',

  hold: 'INSERT OR IGNORE INTO holdings (context, caller, held_at, used_at) VALUES (?, ?, ?, ?)',
  holding: `SELECT ${HOLDING} FROM contexts c JOIN holdings h ON h.context = c.number
    WHERE c.key = ? AND h.caller = ${CALLER} AND c.gone_at > ?`,
  // The last hour, of those up to a given one, in which the caller came to hold anything.
  hourWithHoldings: `WITH RECURSIVE hours (hour) AS (
      SELECT MAX(${HELD_HOUR}) FROM holdings h WHERE ${HELD_HOUR} <= ?
      UNION ALL
      SELECT (SELECT MAX(${HELD_HOUR}) FROM holdings h WHERE ${HELD_HOUR} < hours.hour) FROM hours
      WHERE hours.hour IS NOT NULL
    )
    SELECT hour FROM hours
    WHERE EXISTS (SELECT 1 FROM holdings h WHERE ${HELD_HOUR} = hours.hour AND h.caller = ?) LIMIT 1`,
  holdings: `SELECT ${HOLDING} FROM holdings h CROSS JOIN contexts c ON c.number = h.context
    WHERE ${HELD_HOUR} = ? AND h.caller = ? AND h.held_at <= ? AND (h.held_at < ? OR c.key < ?) AND c.gone_at > ?
    ORDER BY h.held_at DESC, c.key DESC LIMIT ?`,
  add: `UPDATE holdings SET used_at = ?, chats = chats + ?, prompt_tokens = prompt_tokens + ?,
    cached_tokens = cached_tokens + ?, completion_tokens = completion_tokens + ? WHERE context = ? AND caller = ?`,
  release: 'DELETE FROM holdings WHERE context = ? AND caller = ?',
  removeHoldings: 'DELETE FROM holdings WHERE context = ?',

  count: `INSERT INTO usage_now (${USAGE}) SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5,
    value->>6, value->>7 FROM json_each(?) WHERE true ${ADD_UP}`,
  moveUsage: `INSERT INTO usage (${USAGE}) SELECT ${USAGE} ${PAST_USAGE} ${ADD_UP}`,
  removeMovedUsage: `DELETE FROM usage_now WHERE (hour, caller, model) IN (SELECT hour, caller, model ${PAST_USAGE})`,
  usage: `WITH RECURSIVE hours (hour) AS (
      SELECT MAX(hour) FROM usage_now WHERE hour >= ?2
      UNION ALL
      SELECT (SELECT MAX(hour) FROM usage_now u WHERE u.hour < hours.hour AND u.hour >= ?2) FROM hours
      WHERE hours.hour IS NOT NULL
    ), all_usage AS (
      SELECT model, ${SUMS} FROM usage WHERE caller = ?1 AND hour >= ?2
      UNION ALL
      SELECT u.model, u.contexts, u.chats, u.prompt_tokens, u.cached_tokens, u.completion_tokens
      FROM hours CROSS JOIN usage_now u ON u.hour = hours.hour WHERE u.caller = ?1
    )
    SELECT n.name AS model, SUM(contexts) AS contexts, SUM(chats) AS chats, SUM(prompt_tokens) AS promptTokens,
      SUM(cached_tokens) AS cachedTokens, SUM(completion_tokens) AS completionTokens
    FROM all_usage CROSS JOIN names n ON n.number = all_usage.model GROUP BY n.name ORDER BY n.name`,
  removeOldUsage: `DELETE FROM usage WHERE (caller, hour, model) IN
    (SELECT caller, hour, model FROM usage WHERE hour < ? ORDER BY hour LIMIT ?)`,

  value: 'SELECT value FROM kept_values WHERE key = ? AND gone_at > ?',
  setValue: 'INSERT OR REPLACE INTO kept_values (key, value, gone_at) VALUES (?, ?, ?)',
  keepValue: 'UPDATE kept_values SET gone_at = ? WHERE key = ? AND gone_at < ?',
  removeValue: 'DELETE FROM kept_values WHERE key = ?',
  removeGoneValues: `DELETE FROM kept_values WHERE key IN
    (SELECT key FROM kept_values WHERE gone_at <= ? ORDER BY gone_at LIMIT ?)`,
  next: `INSERT INTO series (name, number) VALUES (?, 1)
    ON CONFLICT (name) DO UPDATE SET number = number + 1 RETURNING number`,
};
