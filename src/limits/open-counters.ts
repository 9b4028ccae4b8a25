import type { Logger } from 'pino';
import { connectRedis } from '../store/redis/store.js';
import { memoryCounters, type NewCounter } from './counters.js';
import type { SharedStreams } from './open-streams.js';
import { redisCounters } from './redis/counters.js';
import { RedisStreams } from './redis/streams.js';
import { sqliteCounters } from './sqlite/counters.js';
import { LimitsDatabase } from './sqlite/database.js';
import { SqliteStreams } from './sqlite/streams.js';

export interface OpenCounters {
  newCounter: NewCounter;
  /** undefined: the streams of this process alone are counted. */
  sharedStreams: SharedStreams | undefined;
  /** Until they are, each process counts for itself. */
  areConnected: () => boolean;
  close: () => void;
}

/** Counts callers where their contexts are stored: in this process, in the file or in the Redis that processes share. */
export function openCounters(storeUrl: string, now: () => number, log: Logger): OpenCounters {
  const path = /^sqlite:(.*)$/.exec(storeUrl)?.[1];
  if (path === undefined) return countersInRedis(storeUrl, log);
  if (path !== ':memory:') return countersInFile(path, now);
  return {
    newCounter: memoryCounters,
    sharedStreams: undefined,
    areConnected: () => true,
    close: () => undefined,
  };
}

function countersInFile(path: string, now: () => number): OpenCounters {
  const file = new LimitsDatabase(path);
  const sharedStreams = new SqliteStreams(file, now);
  const close = () => {
    sharedStreams.close();
    file.close();
  };
  return { newCounter: sqliteCounters(file, now), sharedStreams, areConnected: () => true, close };
}

function countersInRedis(url: string, log: Logger): OpenCounters {
  const redis = connectRedis(url, ({ message }) =>
    log.warn({ reason: message }, 'callers are counted by this process alone'),
  );
  const sharedStreams = new RedisStreams(redis);
  const close = () => {
    sharedStreams.close();
    redis.disconnect();
  };
  return {
    newCounter: redisCounters(redis),
    sharedStreams,
    areConnected: () => redis.status === 'ready',
    close,
  };
}
