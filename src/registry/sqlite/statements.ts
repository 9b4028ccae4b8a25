/** The layout of the tables: `sqlite-migrations.ts` brings files of earlier ones up to it. */
export const VERSION = 7;

/**
 * How many entries a part of the lists has, which are kept by the part before they are kept by the caller: few enough to lie
 * on pages that are written all the time, and enough for a million to be few parts to look through.
 */
const PART = 4_096;

const HELD = `held_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
    chats INTEGER NOT NULL DEFAULT 0, prompt_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0,
    estimated_tokens INTEGER NOT NULL DEFAULT 0`;

export const CREATE_LEASES = `
  -- Those who hold or wait for a lease, in order of arrival; the first of a name holds it.
  CREATE TABLE leases (
    ticket INTEGER PRIMARY KEY, name TEXT NOT NULL, token TEXT NOT NULL, gone_at INTEGER NOT NULL,
    UNIQUE (name, token)
  );
`;

/**
 * Whatever is written for a new context goes to the end of a table or to a part of it that is small and written all the
 * time, however many contexts and callers there are: a page of the file that is changed is a page to be written. So
 * contexts have numbers in the order they come in, lists are kept by parts of that order, and the usage by the hour until
 * that is over. What a context's first holder has of it is in the context's own row: few
 * contexts are shared, and a second row would be a second page at each use.
 */
export const CREATE_TABLES = `
  -- Callers and models, by short numbers.
  CREATE TABLE names (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE contexts (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, gone_at INTEGER NOT NULL, data TEXT NOT NULL,
    -- The first holder; null once it has let go.
    caller INTEGER, ${HELD}
  );
  CREATE INDEX contexts_by_part ON contexts (number / ${PART}, caller, held_at);
  -- The other holders.
  CREATE TABLE shares (
    number INTEGER PRIMARY KEY, context INTEGER NOT NULL, caller INTEGER NOT NULL, ${HELD},
    UNIQUE (context, caller)
  );
  CREATE INDEX shares_by_part ON shares (number / ${PART}, caller, held_at);
  -- When to look which of these contexts have expired: one row for many that came in together.
  CREATE TABLE looks (
    at INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (at, first)
  ) WITHOUT ROWID;
  -- What was used since the last sweep: an entry is the usage rows of one transaction, as JSON.
  CREATE TABLE usage_log (number INTEGER PRIMARY KEY, counts TEXT NOT NULL);
  CREATE TABLE usage_now (
    hour INTEGER NOT NULL, caller INTEGER NOT NULL, model INTEGER NOT NULL, contexts INTEGER NOT NULL,
    chats INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, estimated_tokens INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (hour, caller, model)
  ) WITHOUT ROWID;
  CREATE TABLE usage (
    caller INTEGER NOT NULL, hour INTEGER NOT NULL, model INTEGER NOT NULL, contexts INTEGER NOT NULL,
    chats INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, estimated_tokens INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (caller, hour, model)
  ) WITHOUT ROWID;
  CREATE INDEX usage_by_hour ON usage (hour);
  CREATE TABLE kept_values (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, gone_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX kept_values_by_end ON kept_values (gone_at);
  ${CREATE_LEASES}
  PRAGMA user_version = ${VERSION};
`;

/** In the order that the readers of raw rows expect. */
const TOTALS = 'held_at, used_at, chats, prompt_tokens, cached_tokens, completion_tokens, estimated_tokens';
const CONTEXT = `number, gone_at, data, caller, ${TOTALS}`;
const ADD = `used_at = ?, chats = chats + ?, prompt_tokens = prompt_tokens + ?, cached_tokens = cached_tokens + ?,
  completion_tokens = completion_tokens + ?, estimated_tokens = estimated_tokens + ?`;
const SUMS = 'contexts, chats, prompt_tokens, cached_tokens, completion_tokens, estimated_tokens';
const USAGE = `hour, caller, model, ${SUMS}`;
const ADD_UP = `ON CONFLICT DO UPDATE SET contexts = contexts + excluded.contexts, chats = chats + excluded.chats,
  prompt_tokens = prompt_tokens + excluded.prompt_tokens, cached_tokens = cached_tokens + excluded.cached_tokens,
  completion_tokens = completion_tokens + excluded.completion_tokens,
  estimated_tokens = estimated_tokens + excluded.estimated_tokens`;
const PAST_USAGE = 'FROM usage_now WHERE hour < ? ORDER BY hour, caller, model LIMIT ?';

/** Creations of one statement, the most first: any number of them takes few statements, each of which has its price. */
export const CREATIONS_AT_ONCE = [32, 16, 8, 4, 2, 1] as const;

const createContexts = (rows: number) => {
  const marks = (row: number) => [1, 2, 3, 4, 5, 5].map((place) => `?${row * 5 + place}`).join();
  const values = Array.from({ length: rows }, (_, row) => `(${marks(row)})`).join();
  return `INSERT OR IGNORE INTO contexts (key, gone_at, data, caller, held_at, used_at) VALUES ${values}`;
};

/** The last part, of those up to a given one, in which the caller holds anything, of a given time at the latest. */
const partWith = (table: string) => `WITH RECURSIVE parts (part) AS (
    SELECT MAX(number / ${PART}) FROM ${table} WHERE number / ${PART} <= ?
    UNION ALL
    SELECT (SELECT MAX(number / ${PART}) FROM ${table} WHERE number / ${PART} < parts.part) FROM parts
    WHERE parts.part IS NOT NULL
  )
  SELECT part FROM parts
  WHERE EXISTS (SELECT 1 FROM ${table} WHERE number / ${PART} = parts.part AND caller = ? AND held_at <= ?) LIMIT 1`;

/** `of`: where the holding is; the part, the caller, a place (held_at twice and key), the time, how many. */
const inPart = (
  of: string,
  from: string,
) => `SELECT c.key, c.gone_at, c.data, ${TOTALS.replaceAll(/\w+/g, `${of}.$&`)}
  FROM ${from}
  WHERE ${of}.number / ${PART} = ? AND ${of}.caller = ? AND ${of}.held_at <= ?
    AND (${of}.held_at < ? OR c.key < ?) AND c.gone_at > ?
  ORDER BY ${of}.held_at DESC, c.key DESC LIMIT ?`;

/** Milliseconds by the clock of the machine that the file is on, whatever the processes take for the time. */
const MACHINE_NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

/** Each gives its rows as arrays. */
export const SQL = {
  begin: 'BEGIN',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',

  numberOf: 'SELECT number FROM names WHERE name = ?',
  addName: 'INSERT INTO names (name) VALUES (?) RETURNING number',

  create32: createContexts(32),
  create16: createContexts(16),
  create8: createContexts(8),
  create4: createContexts(4),
  create2: createContexts(2),
  create1: createContexts(1),
  context: `SELECT ${CONTEXT} FROM contexts WHERE key = ? AND gone_at > ?`,
  contextOfKey: 'SELECT number FROM contexts WHERE key = ?',
  replace: 'UPDATE contexts SET gone_at = ?, data = ? WHERE key = ?',
  remove: 'DELETE FROM contexts WHERE number = ?',
  useOwn: `UPDATE contexts SET gone_at = MAX(gone_at, ?), ${ADD} WHERE key = ? AND caller = ? AND gone_at > ?
    RETURNING ${CONTEXT}`,
  releaseOwn: 'UPDATE contexts SET caller = NULL WHERE number = ?',
  partWithOwn: partWith('contexts'),
  ownInPart: inPart('c', 'contexts c'),

  share: 'INSERT OR IGNORE INTO shares (context, caller, held_at, used_at) VALUES (?, ?, ?, ?)',
  shared: `SELECT ${TOTALS} FROM shares WHERE context = ? AND caller = ?`,
  slide: 'UPDATE contexts SET gone_at = MAX(gone_at, ?) WHERE number = ? RETURNING gone_at',
  useShared: `UPDATE shares SET ${ADD} WHERE context = ? AND caller = ? RETURNING ${TOTALS}`,
  releaseShared: 'DELETE FROM shares WHERE context = ? AND caller = ?',
  removeShares: 'DELETE FROM shares WHERE context = ?',
  partWithShared: partWith('shares'),
  sharedInPart: inPart('s', 'shares s CROSS JOIN contexts c ON c.number = s.context'),

  looks: 'SELECT at, first, last FROM looks WHERE at <= ? ORDER BY at LIMIT ?',
  endsOf: 'SELECT number, gone_at FROM contexts WHERE number BETWEEN ? AND ?',
  addLook: 'INSERT OR REPLACE INTO looks (at, first, last) VALUES (?, ?, ?)',
  removeLook: 'DELETE FROM looks WHERE at = ? AND first = ?',

  logUsage: 'INSERT INTO usage_log (counts) VALUES (?)',
  sumUpLog: `INSERT INTO usage_now (${USAGE}) SELECT value->>0, value->>1, value->>2, SUM(value->>3), SUM(value->>4),
    SUM(value->>5), SUM(value->>6), SUM(value->>7), COALESCE(SUM(value->>8), 0) FROM usage_log CROSS JOIN json_each(counts) WHERE true
    GROUP BY 1, 2, 3 ${ADD_UP}`,
  clearLog: 'DELETE FROM usage_log',
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
      SELECT u.model, u.contexts, u.chats, u.prompt_tokens, u.cached_tokens, u.completion_tokens,
        u.estimated_tokens
      FROM hours CROSS JOIN usage_now u ON u.hour = hours.hour WHERE u.caller = ?1
      UNION ALL
      SELECT value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, COALESCE(value->>8, 0)
      FROM usage_log CROSS JOIN json_each(counts) WHERE value->>1 = ?1 AND value->>0 >= ?2
    )
    SELECT n.name AS model, SUM(contexts) AS contexts, SUM(chats) AS chats, SUM(prompt_tokens) AS promptTokens,
      SUM(cached_tokens) AS cachedTokens, SUM(completion_tokens) AS completionTokens,
      SUM(estimated_tokens) AS estimatedTokens
    FROM all_usage CROSS JOIN names n ON n.number = all_usage.model GROUP BY n.name ORDER BY n.name`,
  removeOldUsage: `DELETE FROM usage WHERE (caller, hour, model) IN
    (SELECT caller, hour, model FROM usage WHERE hour < ? ORDER BY hour LIMIT ?)`,

  value: 'SELECT value FROM kept_values WHERE key = ? AND gone_at > ?',
  setValue: 'INSERT OR REPLACE INTO kept_values (key, value, gone_at) VALUES (?, ?, ?)',
  keepValue: 'UPDATE kept_values SET gone_at = ? WHERE key = ? AND gone_at < ?',
  addValue: `INSERT INTO kept_values (key, value, gone_at) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value, gone_at = excluded.gone_at WHERE gone_at <= ?`,
  swapValue: 'UPDATE kept_values SET value = ?, gone_at = ? WHERE key = ? AND value = ? AND gone_at > ?',
  removeValue: 'DELETE FROM kept_values WHERE key = ? AND value = ? AND gone_at > ?',
  removeGoneValues: `DELETE FROM kept_values WHERE key IN
    (SELECT key FROM kept_values WHERE gone_at <= ? ORDER BY gone_at LIMIT ?)`,
  removeGoneLeases: `DELETE FROM leases WHERE name = ? AND gone_at <= ${MACHINE_NOW}`,
  joinLease: `INSERT INTO leases (name, token, gone_at) VALUES (?, ?, ${MACHINE_NOW} + ?)
    ON CONFLICT (name, token) DO UPDATE SET gone_at = excluded.gone_at`,
  leaseHolder: 'SELECT token FROM leases WHERE name = ? ORDER BY ticket LIMIT 1',
  endLease: 'DELETE FROM leases WHERE name = ? AND token = ?',
  // The oldest are those of processes that were killed, and a few that are renewed.
  removeOldLeases: `DELETE FROM leases WHERE ticket IN (SELECT ticket FROM leases ORDER BY ticket LIMIT ?)
    AND gone_at <= ${MACHINE_NOW}`,
  // Of a key that no context has: a gateway's id is before the colon.
  probeContexts: "INSERT INTO contexts (key, gone_at, data, held_at, used_at) VALUES ('', 0, ?, 0, 0)",
  probeValues: "INSERT INTO kept_values (key, value, gone_at) VALUES ('', ?, 0)",
  probeUsage: "INSERT INTO usage_log (number, counts) VALUES (-1, '[]')",
  unprobeContexts: "DELETE FROM contexts WHERE key = ''",
  unprobeValues: "DELETE FROM kept_values WHERE key = ''",
  unprobeUsage: 'DELETE FROM usage_log WHERE number = -1',
};
