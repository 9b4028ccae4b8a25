import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** The answers that are not written out yet: closing a server of Node's cuts them off. */
export class OpenAnswers {
  private readonly open = new Set<ServerResponse>();

  add(response: ServerResponse): void {
    this.open.add(response);
    response.on('close', () => this.open.delete(response));
  }

  /** Resolves once those that are open now are written out, or after so many milliseconds. */
  async writtenOut(longestMs: number): Promise<void> {
    const all = Promise.all([...this.open].map((response) => once(response, 'close')));
    await Promise.race([all, pause(longestMs, undefined, { ref: false })]);
  }
}
