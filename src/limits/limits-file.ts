import Database from 'libsql';
import { beginWriting, retryWhileBusy, untilUnlocked } from '../registry/sqlite/busy.js';

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
 * write is a transaction of its own, which waits for another process without blocking this one.
 */
export class LimitsFile {
  private readonly db: Database.Database;
  private readonly prepared = new Map<string, Database.Statement>();

  constructor(path: string) {
    this.db = new Database(path);
    untilUnlocked(() => this.db.exec(SETUP));
  }

  /** The rows of one statement, each an array. */
  read(sql: string, values: Value[]): Promise<unknown[][]> {
    return retryWhileBusy(() => this.rows(sql, values));
  }

  /** The same for a statement that writes; throws where the file stays locked. */
  write(sql: string, values: Value[]): Promise<unknown[][]> {
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

  private rows(sql: string, values: Value[]): unknown[][] {
    let statement = this.prepared.get(sql);
    if (!statement) {
      statement = this.db.prepare(sql).raw();
      this.prepared.set(sql, statement);
    }
    return statement.all(values) as unknown[][];
  }
}
