export const CREATE_TABLES = `
  CREATE TABLE IF NOT EXISTS contexts (
    key TEXT PRIMARY KEY, gone_at INTEGER NOT NULL,
    -- When to look whether it has expired. A chat moves gone_at alone, so that it touches no index.
    look_at INTEGER NOT NULL,
    data TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS contexts_by_look ON contexts (look_at);
  CREATE TABLE IF NOT EXISTS holdings (
    key TEXT NOT NULL, caller TEXT NOT NULL, held_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
    chats INTEGER NOT NULL DEFAULT 0, prompt_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (key, caller)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS holdings_by_age ON holdings (caller, held_at, key);
  CREATE TABLE IF NOT EXISTS usage (
    caller TEXT NOT NULL, hour INTEGER NOT NULL, model TEXT NOT NULL, contexts INTEGER NOT NULL,
    chats INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    PRIMARY KEY (caller, hour, model)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS usage_by_hour ON usage (hour);
  CREATE TABLE IF NOT EXISTS kept_values (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, gone_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS kept_values_by_end ON kept_values (gone_at);
  CREATE TABLE IF NOT EXISTS series (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
`;

const CONTEXT = 'c.key, c.gone_at AS goneAt, c.data';
const HOLDING = `${CONTEXT}, h.held_at AS heldAt, h.used_at AS usedAt, h.chats, h.prompt_tokens AS promptTokens,
  h.cached_tokens AS cachedTokens, h.completion_tokens AS completionTokens`;
const HELD = 'holdings h JOIN contexts c ON c.key = h.key';

export const SQL = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',

  // Rows as JSON arrays: one call for any number of them costs a third of a call for each.
  createContexts: `INSERT OR IGNORE INTO contexts (key, gone_at, look_at, data)
    SELECT value->>0, value->>1, value->>1, value->>2 FROM json_each(?)`,
  createHoldings: `INSERT INTO holdings (key, caller, held_at, used_at)
    SELECT value->>0, value->>3, value->>4, value->>4 FROM json_each(?)`,

  context: `SELECT ${CONTEXT} FROM contexts c WHERE c.key = ? AND c.gone_at > ?`,
  replace: 'UPDATE contexts SET gone_at = ?, data = ? WHERE key = ?',
  slide: 'UPDATE contexts SET gone_at = MAX(gone_at, ?) WHERE key = ?',
  lookAt: 'SELECT key, gone_at AS goneAt FROM contexts WHERE look_at <= ? ORDER BY look_at LIMIT ?',
  lookLater: 'UPDATE contexts SET look_at = gone_at WHERE key = ?',
  remove: 'DELETE FROM contexts WHERE key = ?',

  hold: `INSERT INTO holdings (key, caller, held_at, used_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (key, caller) DO NOTHING`,
  holding: `SELECT ${HOLDING} FROM ${HELD} WHERE h.key = ? AND h.caller = ? AND c.gone_at > ?`,
  holdings: `SELECT ${HOLDING} FROM ${HELD}
    WHERE h.caller = ? AND (h.held_at, h.key) < (?, ?) AND c.gone_at > ?
    ORDER BY h.held_at DESC, h.key DESC LIMIT ?`,
  add: `UPDATE holdings SET used_at = ?, chats = chats + ?, prompt_tokens = prompt_tokens + ?,
    cached_tokens = cached_tokens + ?, completion_tokens = completion_tokens + ? WHERE key = ? AND caller = ?`,
  release: 'DELETE FROM holdings WHERE key = ? AND caller = ?',
  removeHoldings: 'DELETE FROM holdings WHERE key = ?',

  count: `INSERT INTO usage (caller, hour, model, contexts, chats, prompt_tokens, cached_tokens, completion_tokens)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (caller, hour, model) DO UPDATE SET contexts = contexts + excluded.contexts,
      chats = chats + excluded.chats, prompt_tokens = prompt_tokens + excluded.prompt_tokens,
      cached_tokens = cached_tokens + excluded.cached_tokens,
      completion_tokens = completion_tokens + excluded.completion_tokens`,
  usage: `SELECT model, SUM(contexts) AS contexts, SUM(chats) AS chats, SUM(prompt_tokens) AS promptTokens,
    SUM(cached_tokens) AS cachedTokens, SUM(completion_tokens) AS completionTokens
    FROM usage WHERE caller = ? AND hour >= ? GROUP BY model ORDER BY model`,
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
