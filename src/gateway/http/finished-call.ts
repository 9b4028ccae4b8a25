import type { ErrorCode } from '../../errors.js';
import type { GatewayOperation } from '../types.js';

/** The report on one call, including its retries and the reading of its response. */
export interface FinishedCall {
  operation: GatewayOperation;
  /** CANCELLED if the caller stopped reading a stream. */
  outcome: ErrorCode | 'OK';
  /** HTTP status of the last attempt; undefined if there was no response. */
  status: number | undefined;
  /** How often the request was sent; 0 while the breaker was open. */
  attempts: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
  durationMs: number;
}

/** Why the gateway cannot be reached, for the operator. */
export interface UnreachedReason {
  /** Of the system, of TLS or of undici: `ENOTFOUND`, `CERT_HAS_EXPIRED`, `UND_ERR_CONNECT_TIMEOUT`. */
  code: string;
  host: string;
  port: number;
}
