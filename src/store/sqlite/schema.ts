/** Version of the table layout; `migrations.ts` upgrades files of earlier versions. */
export const VERSION = 9;

/**
 * Entries per part. Lists are indexed by part before caller, so that new entries go to few pages, which are in memory; a million
 * contexts are few parts to search.
 */
export const PART = 4_096;

const OWNER = `held_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
    chats INTEGER NOT NULL DEFAULT 0, prompt_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0,
    estimated_tokens INTEGER NOT NULL DEFAULT 0`;

const USAGE = `contexts INTEGER NOT NULL, chats INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, estimated_tokens INTEGER NOT NULL DEFAULT 0`;

const SPENDING = `input INTEGER NOT NULL, cached_input INTEGER NOT NULL, cache_write INTEGER NOT NULL,
    output INTEGER NOT NULL, chat_prompt INTEGER NOT NULL, chat_output INTEGER NOT NULL,
    token_hours INTEGER NOT NULL, user_tokens INTEGER NOT NULL`;

export const CREATE_LEASES = `
  -- Holders of leases and those waiting for one, in order of arrival; the first of a name holds it.
  CREATE TABLE leases (
    ticket INTEGER PRIMARY KEY, name TEXT NOT NULL, token TEXT NOT NULL, gone_at INTEGER NOT NULL,
    UNIQUE (name, token)
  );
`;

export const CREATE_RUNS = `
  CREATE TABLE runs (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, caller TEXT NOT NULL, holder TEXT NOT NULL,
    started_at INTEGER NOT NULL, gone_at INTEGER NOT NULL, watched_at INTEGER NOT NULL, data TEXT NOT NULL,
    -- 1: the holder was asked to stop it.
    stop INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX runs_by_caller ON runs (caller, started_at);
  CREATE INDEX runs_by_end ON runs (gone_at);
  CREATE INDEX runs_to_stop ON runs (holder) WHERE stop = 1;
  -- In order of writing, and runs by number, so that the parts of many runs that are written at once change few pages.
  CREATE TABLE run_parts (
    number INTEGER PRIMARY KEY, run INTEGER NOT NULL, seq INTEGER NOT NULL, data TEXT NOT NULL,
    UNIQUE (run, seq)
  );
`;

export const CREATE_SPENDING = `
  -- The current hour and those before it, like usage_now and usage.
  CREATE TABLE spending_now (
    hour INTEGER NOT NULL, caller INTEGER NOT NULL, model INTEGER NOT NULL, prompt INTEGER NOT NULL,
    prices INTEGER NOT NULL, ${SPENDING},
    PRIMARY KEY (hour, caller, model, prompt, prices)
  ) WITHOUT ROWID;
  CREATE TABLE spending (
    caller INTEGER NOT NULL, hour INTEGER NOT NULL, model INTEGER NOT NULL, prompt INTEGER NOT NULL,
    prices INTEGER NOT NULL, ${SPENDING},
    PRIMARY KEY (caller, hour, model, prompt, prices)
  ) WITHOUT ROWID;
  CREATE INDEX spending_by_hour ON spending (hour);
`;

/**
 * Each changed page of the file has to be written, so inserts go to the end of a table or to a small table, however many contexts
 * and callers there are. Few contexts are shared, so the first owner's data is in the context's own row.
 */
export const CREATE_TABLES = `
  -- Callers, models, prompts and prices as integers.
  CREATE TABLE names (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE contexts (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, gone_at INTEGER NOT NULL, data TEXT NOT NULL,
    -- The first owner; null after it was removed.
    caller INTEGER, ${OWNER}
  );
  CREATE INDEX contexts_by_part ON contexts (number / ${PART}, caller, held_at);
  -- The other owners.
  CREATE TABLE shares (
    number INTEGER PRIMARY KEY, context INTEGER NOT NULL, caller INTEGER NOT NULL, ${OWNER},
    UNIQUE (context, caller)
  );
  CREATE INDEX shares_by_part ON shares (number / ${PART}, caller, held_at);
  -- When to check ranges of contexts for expiry.
  CREATE TABLE looks (
    at INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (at, first)
  ) WITHOUT ROWID;
  -- Written by earlier versions only; moved to usage_now when the file is opened.
  CREATE TABLE usage_log (number INTEGER PRIMARY KEY, counts TEXT NOT NULL);
  -- The current hour, clustered by hour: moved to usage when the hour is over.
  CREATE TABLE usage_now (
    hour INTEGER NOT NULL, caller INTEGER NOT NULL, model INTEGER NOT NULL, ${USAGE},
    PRIMARY KEY (hour, caller, model)
  ) WITHOUT ROWID;
  CREATE TABLE usage (
    caller INTEGER NOT NULL, hour INTEGER NOT NULL, model INTEGER NOT NULL, ${USAGE},
    PRIMARY KEY (caller, hour, model)
  ) WITHOUT ROWID;
  CREATE INDEX usage_by_hour ON usage (hour);
  CREATE TABLE kept_values (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, gone_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX kept_values_by_end ON kept_values (gone_at);
  ${CREATE_LEASES}
  ${CREATE_RUNS}
  ${CREATE_SPENDING}
  PRAGMA user_version = ${VERSION};
`;
