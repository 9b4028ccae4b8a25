import { randomUUID } from 'node:crypto';
import { RENEW_MS, type SharedStreams, SLOT_MS } from '../open-streams.js';
import type { LimitsDatabase } from './database.js';

const ACQUIRE = `INSERT INTO open_streams (caller, stream, process, ends) SELECT ?1, ?2, ?3, ?4 + ${SLOT_MS}
  WHERE (SELECT COUNT(*) FROM open_streams WHERE caller = ?1 AND ends BETWEEN ?4 AND ?4 + ${SLOT_MS}) < ?5 RETURNING 1`;
const RELEASE = 'DELETE FROM open_streams WHERE caller = ? AND stream = ? RETURNING 1';
const RENEW = `UPDATE open_streams SET ends = ?2 + ${SLOT_MS} WHERE process = ?1 RETURNING 1`;
/** Slots of killed processes. */
const PURGE = `DELETE FROM open_streams WHERE ends NOT BETWEEN ?1 AND ?1 + ${SLOT_MS} RETURNING 1`;

/** The slots of all processes that share the file. */
export class SqliteStreams implements SharedStreams {
  private readonly process = randomUUID();
  private readonly open = new Set<string>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly database: LimitsDatabase,
    private readonly now: () => number,
    renewMs = RENEW_MS,
  ) {
    this.timer = setInterval(() => {
      // A slot that cannot be renewed in time is no longer counted, but its stream continues.
      if (this.open.size > 0) void this.renew().catch(() => undefined);
    }, renewMs).unref();
  }

  async acquire(callerId: string, streamId: string, max: number): Promise<boolean> {
    const values = [callerId, streamId, this.process, this.now(), max];
    const isAcquired = (await this.database.write(ACQUIRE, values)).length > 0;
    if (isAcquired) this.open.add(streamId);
    return isAcquired;
  }

  async release(callerId: string, streamId: string): Promise<void> {
    if (this.open.delete(streamId)) await this.database.write(RELEASE, [callerId, streamId]);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async renew(): Promise<void> {
    await this.database.write(RENEW, [this.process, this.now()]);
    await this.database.write(PURGE, [this.now()]);
  }
}
