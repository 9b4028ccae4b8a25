import type { WebSocket } from 'ws';
import { AppError, ErrorCode } from '../../errors.js';

/** Operations that may run at once on one WebSocket. */
const MAX_OPERATIONS = 100;

/** Bytes that may wait for a caller who does not read: above this the connection is cut. */
const MAX_WAITING_BYTES = 4_194_304;

/** `running`: how many operations the connection has, the new one included. */
export function checkOperations(running: number): void {
  if (running <= MAX_OPERATIONS) return;
  const message = `At most ${MAX_OPERATIONS} operations may run at once on one WebSocket. End one, then try again.`;
  throw new AppError(ErrorCode.RATE_LIMITED, message, { retryAfter: 1 });
}

/** Each message and each ping has an answer, which piles up here where nobody takes it. */
export function guardSocket(socket: WebSocket): void {
  const cutWhereNobodyReads = () => {
    if (socket.bufferedAmount > MAX_WAITING_BYTES) socket.terminate();
  };
  socket.on('message', cutWhereNobodyReads).on('ping', cutWhereNobodyReads);
  // graphql-ws prints on the console what a caller did wrong, such as a message that is too large; `ws` has closed it.
  socket.removeAllListeners('error').on('error', () => undefined);
}
