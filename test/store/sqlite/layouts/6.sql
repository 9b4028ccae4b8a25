-- A file of layout 6: its tables, and rows as a server of that layout wrote them.
CREATE TABLE names (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE contexts (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, gone_at INTEGER NOT NULL, data TEXT NOT NULL,
    -- The first holder; null once it has let go.
    caller INTEGER, held_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
    chats INTEGER NOT NULL DEFAULT 0, prompt_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0
  );
CREATE INDEX contexts_by_part ON contexts (number / 4096, caller, held_at);
CREATE TABLE shares (
    number INTEGER PRIMARY KEY, context INTEGER NOT NULL, caller INTEGER NOT NULL, held_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
    chats INTEGER NOT NULL DEFAULT 0, prompt_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0,
    UNIQUE (context, caller)
  );
CREATE INDEX shares_by_part ON shares (number / 4096, caller, held_at);
CREATE TABLE looks (
    at INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (at, first)
  ) WITHOUT ROWID;
CREATE TABLE usage_log (number INTEGER PRIMARY KEY, counts TEXT NOT NULL);
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
CREATE TABLE checks (number INTEGER PRIMARY KEY);
INSERT INTO names VALUES (1, 'alice');
INSERT INTO names VALUES (2, 'Doubao-1.5-pro-32k');
INSERT INTO names VALUES (3, 'bob');
INSERT INTO contexts VALUES (1, 'ctx-own:', 1767358806000, '["Doubao-1.5-pro-32k","SESSION",86400,1767268800000,null,"[null,{\"promptTokens\":8}]"]', 1, 1767268800000, 1767272406000, 3, 300, 240, 21);
INSERT INTO contexts VALUES (2, 'ctx-shared:', 1767355200004, '["Doubao-1.5-pro-32k","COMMON_PREFIX",86400,1767268800001,"messages:1","[null,{\"promptTokens\":8}]","ctx-again","ctx-shared"]', 1, 1767268800001, 1767268800001, 0, 0, 0, 0);
INSERT INTO shares VALUES (1, 2, 3, 1767268800002, 1767268800004, 1, 100, 80, 7);
INSERT INTO looks VALUES (1767355200000, 1, 1);
INSERT INTO looks VALUES (1767355200000, 2, 2);
INSERT INTO usage_log VALUES (1, '[[1767272400000,1,2,0,1,100,80,7]]');
INSERT INTO usage_now VALUES (1767272400000, 1, 2, 0, 1, 100, 80, 7);
INSERT INTO usage VALUES (1, 1767268800000, 2, 2, 1, 100, 80, 7);
INSERT INTO usage VALUES (3, 1767268800000, 2, 1, 1, 100, 80, 7);
INSERT INTO kept_values VALUES ('answer:1', '{"input":"h","answer":1}', 1767441605000);
INSERT INTO kept_values VALUES ('messages:1', 'kept', 1767355200004);
INSERT INTO kept_values VALUES ('x', 'y', 1767445205000);
PRAGMA user_version = 6;
