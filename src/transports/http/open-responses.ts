import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { within } from '../../util/wait.js';

/** Requests that may wait on one connection for the responses before theirs; clients in use send one or two. */
const MAX_PIPELINED = 8;

/** The responses that are not fully written yet. */
export class OpenResponses {
  private readonly open = new Set<ServerResponse>();
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
    this.open.add(response);
    response.once('close', () => {
      this.open.delete(response);
      this.pipelined.set(socket, (this.pipelined.get(socket) ?? 1) - 1);
    });
    return true;
  }

  /** Resolves once those open now are written, or after so many milliseconds. */
  async written(milliseconds: number): Promise<void> {
    await within(milliseconds, Promise.all(Array.from(this.open, (response) => once(response, 'close'))));
  }
}
