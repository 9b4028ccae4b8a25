import type { Logger } from 'pino';
import type { Identify } from '../auth/caller.js';
import type { Operations } from '../operations/operations.js';
import type { Documents } from '../operations/trusted-documents.js';
import type { NewContext } from '../request-context.js';
import type { Cors } from './cors.js';
import type { Hosts } from './hosts.js';
import type { Timeouts } from './timeouts.js';

/** What HTTP and WebSocket have in common. */
export interface TransportOptions {
  operations: Operations;
  documents: Documents;
  cors: Cors;
  hosts: Hosts;
  timeouts: Timeouts;
  identify: Identify;
  newContext: NewContext;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Of an HTTP body or a WebSocket message. */
  maxBodyBytes: number;
  /** Milliseconds between comments on a quiet event stream, and between pings on a WebSocket. */
  keepAliveMs: number;
}
