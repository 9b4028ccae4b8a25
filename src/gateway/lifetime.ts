import { cancelled } from '../errors.js';
import { timedOut } from './errors.js';

/** How long a call may go on: until its caller leaves or its total time is up. */
export class Lifetime {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly onCallerLeft = () => this.controller.abort(cancelled());

  constructor(
    private readonly caller: AbortSignal,
    totalTimeoutMs: number,
  ) {
    this.timer = setTimeout(() => this.controller.abort(timedOut('to answer in full')), totalTimeoutMs);
    if (caller.aborted) this.onCallerLeft();
    else caller.addEventListener('abort', this.onCallerLeft, { once: true });
  }

  /** Its reason is the error that the call ends in. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  end(): void {
    clearTimeout(this.timer);
    this.caller.removeEventListener('abort', this.onCallerLeft);
  }
}
