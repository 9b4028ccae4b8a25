import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import { CREATE_TABLES, SQL, VERSION } from './sqlite-statements.js';

/** Milliseconds to wait for another process that writes to the same file. */
const BUSY_MS = 2_000;
/** What of the file is read without a copy: with a million contexts, a look-up costs half of what it does without. */
const MAPPED_BYTES = 2 ** 31 - 2 ** 16;
/**
 * In a write-ahead log a commit outlives the process without a wait for the disk. Pages that are written all the time
 * (4 KB each) are kept in memory, and reach the file once for many times that they reach the log; that is done for 64 MB of it at
 * a time, as everybody waits meanwhile.
 */
const PRAGMAS = `
  PRAGMA busy_timeout = ${BUSY_MS};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA cache_size = -65536;
  PRAGMA wal_autocheckpoint = 16000;
  PRAGMA mmap_size = ${MAPPED_BYTES};
`;

export type Statements = { [name in keyof typeof SQL]: Statement };
type Value = string | number | null;

/** libsql takes a list of values as it is, and a microsecond to make one of what it is given one by one. */
export class Statement {
  constructor(private readonly prepared: Database.Statement) {}

  run(...values: Value[]): Database.RunResult {
    return this.prepared.run(values);
  }

  get(...values: Value[]): unknown {
    return this.prepared.get(values);
  }

  all(...values: Value[]): unknown[] {
    return this.prepared.all(values);
  }
}

/** `path`: of the file, or `:memory:`. */
export function openFile(path: string): { db: Database.Database; sql: Statements } {
  if (path !== ':memory:') makePrivateFile(path);
  const db = new Database(path);
  db.exec(PRAGMAS);
  createTables(db, path);
  const entries = Object.entries(SQL).map(([name, text]) => [name, prepare(db, text)]);
  return { db, sql: Object.fromEntries(entries) };
}

/** Rows are arrays: libsql takes half as long again for objects. */
function prepare(db: Database.Database, text: string): Statement {
  const statement = db.prepare(text);
  return new Statement(statement.reader ? statement.raw() : statement);
}

/** Prompts may be in it. */
function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  closeSync(openSync(path, 'a', 0o600));
}

function createTables(db: Database.Database, path: string): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    const [{ tables }] = db.prepare('SELECT COUNT(*) AS tables FROM sqlite_schema').all() as [
      { tables: number },
    ];
    if (tables === 0) db.exec(CREATE_TABLES);
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version !== VERSION) {
      throw new Error(
        `${path} was written by another version of this server. Move it away, or name another file.`,
      );
    }
    db.exec('COMMIT');
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
