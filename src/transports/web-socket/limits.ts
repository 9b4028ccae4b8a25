import type { WebSocket } from 'ws';
import { AppError, ErrorCode } from '../../errors.js';

/** Operations that may run at once on one WebSocket. */
const MAX_OPERATIONS = 100;

/** Bytes that may wait for a client that does not read; above this the connection is closed. */
const MAX_BUFFERED_BYTES = 4_194_304;

/** `running`: number of operations on the connection, the new one included. */
export function checkOperations(running: number): void {
  if (running <= MAX_OPERATIONS) return;
  const message = `At most ${MAX_OPERATIONS} operations may run at once on one WebSocket. End one, then try again.`;
  throw new AppError(ErrorCode.RATE_LIMITED, message, { retryAfter: 1 });
}

/** Every message and every ping is answered, and the answers are buffered for a client that does not read. */
export function guardSocket(socket: WebSocket): void {
  const closeIfUnread = () => {
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) socket.terminate();
  };
  socket.on('message', closeIfUnread).on('ping', closeIfUnread);
  // graphql-ws prints a client's mistakes, such as a message that is too large, to the console; `ws` has closed the connection.
  socket.removeAllListeners('error').on('error', () => undefined);
}
