import type { ServerOptions } from 'node:http';

/** Milliseconds that a caller gets before the connection is cut. */
export interface Timeouts {
  /** For a request's headers, from the connection on. */
  headersMs: number;
  /** For a whole request, its body included. */
  requestMs: number;
  /** Until the next request on a connection: longer than proxies keep theirs, or they would meet a closed one. */
  idleMs: number;
  /** For a WebSocket's `connection_init`. */
  initMs: number;
  /** For taking some of what waits to be taken of a stream of server-sent events. */
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
