import Database from 'libsql';
import { CREATE_LEASES, CREATE_RUNS, CREATE_SPENDING, CREATE_TABLES, VERSION } from './schema.js';
import { ADD_USAGE, USAGE } from './statements.js';

/** SQL that upgrades a file from this version to the next. A released step is never changed. */
const STEPS: Readonly<Record<number, string>> = {
  6: `
    ALTER TABLE contexts ADD COLUMN estimated_tokens INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE shares ADD COLUMN estimated_tokens INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE usage_now ADD COLUMN estimated_tokens INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE usage ADD COLUMN estimated_tokens INTEGER NOT NULL DEFAULT 0;
    DROP TABLE checks;
    ${CREATE_LEASES}
  `,
  7: CREATE_RUNS,
  8: CREATE_SPENDING,
};

/** Each row of the log is a JSON list of usage rows. */
const MOVE_USAGE_LOG = `
  INSERT INTO usage_now (${USAGE}) SELECT value->>0, value->>1, value->>2, SUM(value->>3), SUM(value->>4),
    SUM(value->>5), SUM(value->>6), SUM(value->>7), COALESCE(SUM(value->>8), 0)
    FROM usage_log CROSS JOIN json_each(counts) WHERE true GROUP BY 1, 2, 3 ${ADD_USAGE};
  DELETE FROM usage_log;
`;

/** Creates the tables of a new file or upgrades those of an earlier version, in one transaction. */
export function prepareTables(db: Database.Database, path: string): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    const [{ tables }] = db.prepare('SELECT COUNT(*) AS tables FROM sqlite_schema').all() as [
      { tables: number },
    ];
    if (tables === 0) db.exec(CREATE_TABLES);
    else migrate(db, path);
    db.exec(`${MOVE_USAGE_LOG} COMMIT`);
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** Whether opening the file would migrate it, after which servers of its version no longer understand it. */
export function hasEarlierLayout(path: string): boolean {
  const db = new Database(path, { readonly: true });
  try {
    return layoutOf(db) in STEPS;
  } catch {
    // Opening it tells why it cannot be read.
    return false;
  } finally {
    db.close();
  }
}

function layoutOf(db: Database.Database): number {
  return (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
}

function migrate(db: Database.Database, path: string): void {
  const found = layoutOf(db);
  for (let version = found; version !== VERSION; version++) {
    const step = STEPS[version];
    if (step === undefined) throw new Error(refusal(path, found));
    db.exec(`${step}; PRAGMA user_version = ${version + 1};`);
  }
}

function refusal(path: string, found: number): string {
  const author = found > VERSION ? 'a newer version of this server' : 'no release of this server';
  const file = `${path} has layout ${found}, which ${author} writes; this one reads layouts up to ${VERSION}.`;
  return `${file} Run the version that wrote it, restore a backup, or use another file.`;
}
