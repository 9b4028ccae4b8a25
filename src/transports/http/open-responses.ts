import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { waitUntil } from '../../util/wait.js';

/** Requests that may wait on one connection for the responses before theirs; clients in use send one or two. */
const MAX_PIPELINED = 8;

/** The responses that are not fully written yet. */
export class OpenResponses {
  private count = 0;
  private readonly pipelined = new WeakMap<Socket, number>();

  /**
   * Whether the request may proceed. Node reads every request that a connection sends, and keeps each with its body until the
   * responses before it are read: a connection with too many is cut.
   */
  admit({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const pipelined = (this.pipelined.get(socket) ?? 0) + 1;
    if (pipelined > MAX_PIPELINED) {
      socket.destroy();
      return false;
    }
    this.pipelined.set(socket, pipelined);
    this.count += 1;
    response.once('close', () => {
      this.count -= 1;
      this.pipelined.set(socket, (this.pipelined.get(socket) ?? 1) - 1);
    });
    return true;
  }

  /** Resolves once all are written, or after so many milliseconds. */
  written(milliseconds: number): Promise<void> {
    return waitUntil(() => this.count === 0, milliseconds);
  }
}
