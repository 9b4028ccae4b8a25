import { connectionLost } from './errors.js';

/** On a stream the server sends something every 12 seconds, even if there is no event. */
const STREAM_SILENCE_MS = 40_000;

/** For what waits to be read, where a timer comes late because the page or the machine was asleep. */
const WAKING_MS = 10_000;

/** Aborts with the outer signal, or when nothing arrived for so long that the connection must be lost. */
export class IdleTimeout {
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly abort = () => this.controller.abort(this.outer?.reason);

  constructor(
    private readonly outer?: AbortSignal,
    private readonly ms = STREAM_SILENCE_MS,
  ) {
    if (outer?.aborted) this.abort();
    outer?.addEventListener('abort', this.abort);
    this.restart();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  restart(): void {
    const due = Date.now() + this.ms;
    const lose = () => this.controller.abort(connectionLost());
    this.wait(this.ms, () => (Date.now() < due + WAKING_MS ? lose() : this.wait(WAKING_MS, lose)));
  }

  /** Until the next `restart`. */
  pause(): void {
    clearTimeout(this.timer);
  }

  private wait(ms: number, act: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(act, ms);
  }

  readonly end = (): void => {
    clearTimeout(this.timer);
    this.outer?.removeEventListener('abort', this.abort);
  };
}

/** The promise, or a rejection with the signal's reason. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

export function delay(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return abortable(waited, signal).finally(() => clearTimeout(timer));
}
