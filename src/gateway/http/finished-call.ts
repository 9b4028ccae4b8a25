import type { ErrorCode } from '../../errors.js';
import type { GatewayOperation } from '../types.js';

/** What became of one call, its retries and the reading of its answer included. */
export interface FinishedCall {
  operation: GatewayOperation;
  /** A caller who stops reading a stream has CANCELLED it. */
  outcome: ErrorCode | 'OK';
  /** HTTP status of the last attempt; undefined where it got no answer. */
  status: number | undefined;
  /** How often the request was sent; 0 where the breaker let nothing through. */
  attempts: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
  durationMs: number;
}
