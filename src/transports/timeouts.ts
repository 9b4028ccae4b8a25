import type { ServerOptions } from 'node:http';

/** Milliseconds until the server closes a client's connection. */
export interface Timeouts {
  /** From connecting to the end of the request's headers. */
  headersMs: number;
  /** For receiving the whole request. */
  requestMs: number;
  /** Until the next request: longer than proxies keep connections, or they would use a closed one. */
  idleMs: number;
  /** For a WebSocket's `connection_init`. */
  initMs: number;
  /** Until an event stream that nobody reads is closed. */
  stalledMs: number;
}

export const TIMEOUTS: Timeouts = {
  headersMs: 20_000,
  requestMs: 120_000,
  idleMs: 65_000,
  initMs: 5_000,
  stalledMs: 60_000,
};

export function serverOptions({ headersMs, requestMs, idleMs }: Timeouts): ServerOptions {
  return {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: Math.min(headersMs, 5_000),
  };
}
