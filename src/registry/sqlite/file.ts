import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import { untilUnlocked } from './busy.js';
import { prepareTables } from './migrations.js';
import { SQL } from './statements.js';

/** Milliseconds that the start waits for another process that writes to the same file. */
const BUSY_AT_START_MS = 2_000;
/** What of the file is read without a copy: with a million contexts, a look-up costs half of what it does without. */
const MAPPED_BYTES = 2 ** 31 - 2 ** 16;
/**
 * In a write-ahead log a commit outlives the process without a wait for the disk. Pages that are written all the time
 * (4 KB each) are kept in memory, and reach the file once for many times that they reach the log; that is done for 64 MB of it at
 * a time, as everybody waits meanwhile. What is deleted is overwritten: prompts and answers do not outlive their time.
 */
const PRAGMAS = `
  PRAGMA busy_timeout = ${BUSY_AT_START_MS};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA cache_size = -65536;
  PRAGMA wal_autocheckpoint = 16000;
  PRAGMA secure_delete = ON;
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

export interface OpenedFile {
  db: Database.Database;
  sql: Statements;
  /** Throws where the files are no longer those that were opened. */
  assertInPlace: () => void;
}

/** `path`: of the file, or `:memory:`. */
export function openFile(path: string): OpenedFile {
  const isFile = path !== ':memory:';
  if (isFile) makePrivateFile(path);
  const db = new Database(path);
  untilUnlocked(() => db.exec(PRAGMAS));
  untilUnlocked(() => prepareTables(db, path));
  // From here on nothing blocks the event loop: who meets a lock tries again by a timer.
  db.exec('PRAGMA busy_timeout = 0');
  const entries = Object.entries(SQL).map(([name, text]) => [name, prepare(db, text)]);
  return { db, sql: Object.fromEntries(entries), assertInPlace: isFile ? watchPlace(path) : () => undefined };
}

/** Rows are arrays: libsql takes half as long again for objects. */
function prepare(db: Database.Database, text: string): Statement {
  const statement = db.prepare(text);
  return new Statement(statement.reader ? statement.raw() : statement);
}

const filesOf = (path: string) => [path, `${path}-wal`, `${path}-shm`];

/** Prompts may be in it. SQLite gives the files beside it the same mode, but leaves those that are there as they are. */
function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  closeSync(openSync(path, 'a', 0o600));
  for (const file of filesOf(path)) {
    const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
    if (mode & 0o077) chmodSync(file, 0o600);
  }
}

/** Throws where a file was deleted or replaced: what is written now goes to one that nobody will open again. */
function watchPlace(path: string): () => void {
  const opened = new Map(filesOf(path).map((file) => [file, placeOf(file)]));
  return () => {
    for (const [file, place] of opened) {
      if (placeOf(file) !== place) throw new Error(`${file} was deleted or replaced while it was open`);
    }
  };
}

function placeOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true });
  return found && `${found.dev}:${found.ino}`;
}
