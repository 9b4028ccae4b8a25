-- A file of layout 8: its tables, and rows as a server of that layout wrote them.
CREATE TABLE names (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO names VALUES(1,'alice');
INSERT INTO names VALUES(2,'Doubao-1.5-pro-32k');
INSERT INTO names VALUES(3,'bob');
CREATE TABLE contexts (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, gone_at INTEGER NOT NULL, data TEXT NOT NULL,
    -- The first owner; null after it was removed.
    caller INTEGER, held_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
    chats INTEGER NOT NULL DEFAULT 0, prompt_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0
  , estimated_tokens INTEGER NOT NULL DEFAULT 0);
INSERT INTO contexts VALUES(1,'ctx-own:',1767358806000,'["Doubao-1.5-pro-32k","SESSION",86400,1767268800000,null,"[null,{\"promptTokens\":8}]"]',1,1767268800000,1767272406000,3,300,240,21,0);
INSERT INTO contexts VALUES(2,'ctx-shared:',1767355200004,'["Doubao-1.5-pro-32k","COMMON_PREFIX",86400,1767268800001,"messages:1","[null,{\"promptTokens\":8}]","ctx-again","ctx-shared"]',1,1767268800001,1767268800001,0,0,0,0,0);
CREATE TABLE shares (
    number INTEGER PRIMARY KEY, context INTEGER NOT NULL, caller INTEGER NOT NULL, held_at INTEGER NOT NULL, used_at INTEGER NOT NULL,
    chats INTEGER NOT NULL DEFAULT 0, prompt_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0, completion_tokens INTEGER NOT NULL DEFAULT 0, estimated_tokens INTEGER NOT NULL DEFAULT 0,
    UNIQUE (context, caller)
  );
INSERT INTO shares VALUES(1,2,3,1767268800002,1767268800004,1,100,80,7,0);
CREATE TABLE looks (
    at INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (at, first)
  ) WITHOUT ROWID;
INSERT INTO looks VALUES(1767355200000,1,1);
INSERT INTO looks VALUES(1767355200000,2,2);
CREATE TABLE usage_log (number INTEGER PRIMARY KEY, counts TEXT NOT NULL);
CREATE TABLE usage_now (
    hour INTEGER NOT NULL, caller INTEGER NOT NULL, model INTEGER NOT NULL, contexts INTEGER NOT NULL,
    chats INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, estimated_tokens INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (hour, caller, model)
  ) WITHOUT ROWID;
INSERT INTO usage_now VALUES(1767272400000,1,2,0,2,200,160,14,0);
CREATE TABLE usage (
    caller INTEGER NOT NULL, hour INTEGER NOT NULL, model INTEGER NOT NULL, contexts INTEGER NOT NULL,
    chats INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, estimated_tokens INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (caller, hour, model)
  ) WITHOUT ROWID;
INSERT INTO usage VALUES(1,1767268800000,2,2,1,100,80,7,0);
INSERT INTO usage VALUES(3,1767268800000,2,1,1,100,80,7,0);
CREATE TABLE kept_values (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, gone_at INTEGER NOT NULL
  ) WITHOUT ROWID;
INSERT INTO kept_values VALUES('answer:1','{"input":"h","answer":1}',1767441605000);
INSERT INTO kept_values VALUES('messages:1','kept',1767355200004);
INSERT INTO kept_values VALUES('x','y',1767445205000);
CREATE TABLE leases (
    ticket INTEGER PRIMARY KEY, name TEXT NOT NULL, token TEXT NOT NULL, gone_at INTEGER NOT NULL,
    UNIQUE (name, token)
  );
INSERT INTO leases VALUES(1,'chat:ctx-own:','token-1',1795885794192);
CREATE INDEX contexts_by_part ON contexts (number / 4096, caller, held_at);
CREATE INDEX shares_by_part ON shares (number / 4096, caller, held_at);
CREATE INDEX usage_by_hour ON usage (hour);
CREATE INDEX kept_values_by_end ON kept_values (gone_at);
CREATE TABLE runs (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, caller TEXT NOT NULL, holder TEXT NOT NULL,
    started_at INTEGER NOT NULL, gone_at INTEGER NOT NULL, watched_at INTEGER NOT NULL, data TEXT NOT NULL,
    -- 1: the holder was asked to stop it.
    stop INTEGER NOT NULL DEFAULT 0
  );
CREATE INDEX runs_by_caller ON runs (caller, started_at);
CREATE INDEX runs_by_end ON runs (gone_at);
CREATE INDEX runs_to_stop ON runs (holder) WHERE stop = 1;
CREATE TABLE run_parts (
    number INTEGER PRIMARY KEY, run INTEGER NOT NULL, seq INTEGER NOT NULL, data TEXT NOT NULL,
    UNIQUE (run, seq)
  );
PRAGMA user_version = 8;
