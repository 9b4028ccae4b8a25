import Database from 'libsql';
import {
  BUSY_TIMEOUT_MS,
  beginWriting,
  retryWhileBusy,
  retryWhileBusySync,
} from '../../store/sqlite/busy.js';

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

/** A separate connection to the store's file, so that counting does not take part in the store's transactions. */
export class LimitsDatabase {
  private readonly db: Database.Database;
  private readonly prepared = new Map<string, Database.Statement>();

  constructor(path: string) {
    this.db = new Database(path);
    retryWhileBusySync(() => this.db.exec(SETUP));
  }

  /** Runs one statement and returns its rows as arrays. */
  read(sql: string, values: (string | number)[]): Promise<unknown[][]> {
    return retryWhileBusy(() => this.rows(sql, values));
  }

  /** The same in a transaction that holds the write lock. */
  write(sql: string, values: (string | number)[]): Promise<unknown[][]> {
    return retryWhileBusy(() => {
      beginWriting(this.db);
      try {
        const rows = this.rows(sql, values);
        this.db.exec('COMMIT');
        return rows;
      } catch (error) {
        if (this.db.inTransaction) this.db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  close(): void {
    this.db.close();
  }

  private rows(sql: string, values: (string | number)[]): unknown[][] {
    let statement = this.prepared.get(sql);
    if (!statement) {
      statement = this.db.prepare(sql).raw();
      this.prepared.set(sql, statement);
    }
    return statement.all(values) as unknown[][];
  }
}
