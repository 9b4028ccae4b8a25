import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests that may wait on one connection for the answers before theirs; no client in use sends more than one or two. */
const MAX_PIPELINED = 8;

/** Node reads every request that a connection has sent, and keeps each with its body until the answers before it are taken. */
export class Pipelining {
  private readonly open = new WeakMap<Socket, number>();

  /** Counts a request until its answer is written; cuts a connection that sends many without waiting. Whether it goes on. */
  admit({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const open = (this.open.get(socket) ?? 0) + 1;
    if (open > MAX_PIPELINED) {
      socket.destroy();
      return false;
    }
    this.open.set(socket, open);
    response.once('close', () => this.open.set(socket, (this.open.get(socket) ?? 1) - 1));
    return true;
  }
}
