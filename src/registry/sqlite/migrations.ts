import type Database from 'libsql';
import { CREATE_LEASES, CREATE_TABLES, VERSION } from './statements.js';

/** How a file gets from a layout to the next one. A step is never changed once it was released. */
const STEPS: Readonly<Record<number, string>> = {
  6: `
    ALTER TABLE contexts ADD COLUMN estimated_tokens INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE shares ADD COLUMN estimated_tokens INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE usage_now ADD COLUMN estimated_tokens INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE usage ADD COLUMN estimated_tokens INTEGER NOT NULL DEFAULT 0;
    DROP TABLE checks;
    ${CREATE_LEASES}
  `,
};

/** Makes the tables of a new file, or brings those of an earlier release up to date, all of it or nothing. */
export function prepareTables(db: Database.Database, path: string): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    const [{ tables }] = db.prepare('SELECT COUNT(*) AS tables FROM sqlite_schema').all() as [
      { tables: number },
    ];
    if (tables === 0) db.exec(CREATE_TABLES);
    else migrate(db, path);
    db.exec('COMMIT');
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function migrate(db: Database.Database, path: string): void {
  const { user_version: found } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  for (let version = found; version !== VERSION; version++) {
    const step = STEPS[version];
    if (step === undefined) throw new Error(refusal(path, found));
    db.exec(`${step}; PRAGMA user_version = ${version + 1};`);
  }
}

function refusal(path: string, found: number): string {
  const whose = found > VERSION ? 'a newer version of this server' : 'no release of this server';
  const file = `${path} has layout ${found}, which ${whose} writes; this one reads layouts up to ${VERSION}.`;
  return `${file} Run the version that wrote it, restore a backup, or name another file.`;
}
