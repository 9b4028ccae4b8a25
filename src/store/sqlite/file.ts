import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import { BUSY_TIMEOUT_MS, retryWhileBusySync } from './busy.js';
import { prepareTables } from './migrations.js';
import { SQL } from './statements.js';

/** Memory-mapped bytes: with a million contexts, they halve the cost of a look-up. */
const MAPPED_BYTES = 2 ** 31 - 2 ** 16;
/**
 * With a write-ahead log, a commit survives a crash of the process without waiting for the disk. A checkpoint blocks the process, so the
 * log grows to 64 MB (16,000 pages) before one runs. Deleted content is overwritten: prompts and answers must not outlive their ttl.
 */
const PRAGMAS = `
  PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA cache_size = -65536;
  PRAGMA wal_autocheckpoint = 16000;
  PRAGMA secure_delete = ON;
  PRAGMA mmap_size = ${MAPPED_BYTES};
`;

export type Statements = { [name in keyof typeof SQL]: Database.Statement };

export interface OpenedFile {
  db: Database.Database;
  sql: Statements;
  /** Throws if the files on disk are no longer the ones that were opened. */
  assertInPlace: () => void;
}

/** Opens the file at the path, or `:memory:`. */
export function openFile(path: string): OpenedFile {
  const isFile = path !== ':memory:';
  if (isFile) makePrivateFile(path);
  const db = new Database(path);
  retryWhileBusySync(() => db.exec(PRAGMAS));
  retryWhileBusySync(() => prepareTables(db, path));
  // From now on, waiting for a lock must not block the event loop.
  db.exec('PRAGMA busy_timeout = 0');
  const statements = Object.entries(SQL).map(([name, text]) => [name, db.prepare(text)]);
  return {
    db,
    sql: Object.fromEntries(statements),
    assertInPlace: isFile ? watchFiles(path) : () => undefined,
  };
}

const filesOf = (path: string) => [path, `${path}-wal`, `${path}-shm`];

/** The file may contain prompts. SQLite creates the files beside it with its mode, but does not change existing ones. */
function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  closeSync(openSync(path, 'a', 0o600));
  for (const file of filesOf(path)) {
    const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
    if (mode & 0o077) chmodSync(file, 0o600);
  }
}

/** Detects deleted and replaced files: further writes would go to files that nobody can open again. */
function watchFiles(path: string): () => void {
  const opened = new Map(filesOf(path).map((file) => [file, inodeOf(file)]));
  return () => {
    for (const [file, inode] of opened) {
      if (inodeOf(file) !== inode) throw new Error(`${file} was deleted or replaced while it was open`);
    }
  };
}

function inodeOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true });
  return found && `${found.dev}:${found.ino}`;
}
