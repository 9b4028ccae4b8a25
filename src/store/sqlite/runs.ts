import type { RunPart, RunStore, RunUpdate, StoredRun } from '../runs.js';
import { retryWhileBusy } from './busy.js';
import type { Statements } from './file.js';
import type { WriteBatcher } from './write-batcher.js';

/** Runs in the file of the contexts. */
export class SqliteRuns implements RunStore {
  constructor(
    private readonly sql: Statements,
    private readonly batcher: WriteBatcher,
  ) {}

  createRun({ id, callerId, holder, startedAt, goneAt, watchedAt, data }: StoredRun): Promise<void> {
    const row = [id, callerId, holder, startedAt, goneAt, watchedAt, data];
    return this.batcher.write(() => void this.sql.createRun.run(row));
  }

  updateRuns(updates: readonly RunUpdate[]): Promise<void> {
    return this.batcher.write(() => {
      const parts = updates.flatMap((update) => update.parts.map(({ seq, data }) => [update.id, seq, data]));
      // One statement for many rows takes half the time of one for each.
      if (parts.length > 0) this.sql.addRunParts.run(JSON.stringify(parts));
      for (const { id, state } of updates) if (state) this.sql.updateRun.run(state.goneAt, state.data, id);
    });
  }

  async run(id: string, now: number): Promise<StoredRun | null> {
    const row = await retryWhileBusy(() => this.sql.run.get(id, now) as StoredRun | undefined);
    return row ? toStoredRun(row) : null;
  }

  async runParts(id: string, after: number): Promise<RunPart[]> {
    const rows = await retryWhileBusy(() => this.sql.runParts.all(id, after) as RunPart[]);
    return rows.map(({ seq, data }) => ({ seq, data }));
  }

  async runsOf(callerId: string, limit: number, now: number): Promise<StoredRun[]> {
    const rows = await retryWhileBusy(() => this.sql.runsOf.all(callerId, now, limit) as StoredRun[]);
    return rows.map(toStoredRun);
  }

  watchRun(id: string, at: number): Promise<void> {
    return this.batcher.write(() => void this.sql.watchRun.run(at, id));
  }

  requestStop(id: string): Promise<void> {
    return this.batcher.write(() => void this.sql.requestStop.run(id));
  }

  async stopRequests(holder: string): Promise<string[]> {
    const rows = await retryWhileBusy(() => this.sql.stopRequests.all(holder) as { id: string }[]);
    return rows.map(({ id }) => id);
  }
}

/** libsql adds fields of its own to a row. */
function toStoredRun({ id, callerId, holder, startedAt, goneAt, watchedAt, data }: StoredRun): StoredRun {
  return { id, callerId, holder, startedAt, goneAt, watchedAt, data };
}
