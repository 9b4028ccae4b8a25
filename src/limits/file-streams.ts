import { randomUUID } from 'node:crypto';
import type { LimitsFile } from './limits-file.js';
import type { SharedStreams } from './open-streams.js';

/** Milliseconds that a place outlives its process' last sign of life, and between two of those. */
const PLACE_MS = 15_000;
const RENEW_MS = 5_000;

const TAKE = `INSERT INTO open_streams (caller, stream, process, ends) SELECT ?1, ?2, ?3, ?4 + ${PLACE_MS}
  WHERE (SELECT COUNT(*) FROM open_streams WHERE caller = ?1 AND ends BETWEEN ?4 AND ?4 + ${PLACE_MS}) < ?5 RETURNING 1`;
const RELEASE = 'DELETE FROM open_streams WHERE caller = ? AND stream = ? RETURNING 1';
const RENEW = `UPDATE open_streams SET ends = ?2 + ${PLACE_MS} WHERE process = ?1 RETURNING 1`;
/** What a process left behind that was killed. */
const CLEAR = `DELETE FROM open_streams WHERE ends NOT BETWEEN ?1 AND ?1 + ${PLACE_MS} RETURNING 1`;

/** The streams of all processes that share the file. */
export function streamsInFile(
  file: LimitsFile,
  now: () => number,
  renewMs = RENEW_MS,
): SharedStreams & { close(): void } {
  const process = randomUUID();
  const open = new Set<string>();
  const renew = async () => {
    await file.write(RENEW, [process, now()]);
    await file.write(CLEAR, [now()]);
  };
  const timer = setInterval(() => {
    // A place that is not renewed in time is counted no more, and its stream goes on.
    if (open.size > 0) void renew().catch(() => undefined);
  }, renewMs).unref();
  return {
    async take(callerId, streamId, max) {
      const isTaken = (await file.write(TAKE, [callerId, streamId, process, now(), max])).length > 0;
      if (isTaken) open.add(streamId);
      return isTaken;
    },
    async release(callerId, streamId) {
      if (open.delete(streamId)) await file.write(RELEASE, [callerId, streamId]);
    },
    close: () => clearInterval(timer),
  };
}
