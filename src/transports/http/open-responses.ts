import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * How many answers are not written out yet: closing a server of Node's cuts them off. They are counted and not kept: a Set of what
 * comes and goes all the time keeps alive what has gone, as each of its tables, once old, holds on to the next.
 */
export class OpenAnswers {
  private count = 0;
  private onNone: (() => void) | undefined;

  add(response: ServerResponse): void {
    this.count += 1;
    response.on('close', this.onClose);
  }

  /** Resolves once none is open, or after so many milliseconds. */
  async writtenOut(longestMs: number): Promise<void> {
    if (this.count === 0) return;
    const none = new Promise<void>((resolve) => {
      this.onNone = resolve;
    });
    await Promise.race([none, pause(longestMs, undefined, { ref: false })]);
  }

  private readonly onClose = (): void => {
    this.count -= 1;
    if (this.count === 0) this.onNone?.();
  };
}
