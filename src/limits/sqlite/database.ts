import Database from 'libsql';
import { BUSY_TIMEOUT_MS, retryWhileBusy, retryWhileBusySync } from '../../registry/sqlite/busy.js';

const SETUP = `
  PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
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

/** A separate connection to the registry's file, so that counting does not take part in the registry's transactions. */
export class LimitsDatabase {
  private readonly db: Database.Database;
  private readonly prepared = new Map<string, Database.Statement>();

  constructor(path: string) {
    this.db = new Database(path);
    retryWhileBusySync(() => this.db.exec(SETUP));
  }

  /** Runs one statement in its own transaction and returns its rows as arrays. */
  all(sql: string, values: (string | number)[]): Promise<unknown[][]> {
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
