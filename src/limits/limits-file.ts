import Database from 'libsql';
import { retryWhileBusy, untilUnlocked } from '../registry/sqlite/busy.js';

/** Milliseconds that the start waits for another process that writes to the file. */
const BUSY_MS = 2_000;

const SETUP = `
  PRAGMA busy_timeout = ${BUSY_MS};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 16000;
  CREATE TABLE IF NOT EXISTS limit_counters (key TEXT PRIMARY KEY, total INTEGER NOT NULL, ends INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS open_streams (
    caller TEXT NOT NULL, stream TEXT NOT NULL, process TEXT NOT NULL, ends INTEGER NOT NULL,
    PRIMARY KEY (caller, stream)
  ) WITHOUT ROWID;
  PRAGMA busy_timeout = 0;
`;

type Value = string | number;

/**
 * The registry's file, through a connection of its own: what is counted there is not part of the registry's transactions. Each
 * statement is a transaction of its own, which waits for another process without blocking this one.
 */
export class LimitsFile {
  private readonly db: Database.Database;
  private readonly prepared = new Map<string, Database.Statement>();

  constructor(path: string) {
    this.db = new Database(path);
    untilUnlocked(() => this.db.exec(SETUP));
  }

  /** The rows of one statement, each an array; throws where the file stays locked. */
  all(sql: string, values: Value[]): Promise<unknown[][]> {
    return retryWhileBusy(() => this.statement(sql).all(values) as unknown[][]);
  }

  close(): void {
    this.db.close();
  }

  private statement(sql: string): Database.Statement {
    let statement = this.prepared.get(sql);
    if (!statement) {
      statement = this.db.prepare(sql).raw();
      this.prepared.set(sql, statement);
    }
    return statement;
  }
}
