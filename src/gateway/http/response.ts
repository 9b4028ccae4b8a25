import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { joinCohort } from '../../util/cohort.js';
import { GrowingBuffer } from '../../util/growing-buffer.js';
import type { ByteSource } from './unpacked.js';

/** Bytes that may wait to be read before the gateway is told to wait. */
const HIGH_WATER = 65_536;

/**
 * One answer as it comes off a connection. undici's own `request` does the same with a stream of its own for each
 * answer, which costs as much as all else that a call does.
 */
export class Answer implements Dispatcher.DispatchHandler, ByteSource {
  status = 0;
  headers: IncomingHttpHeaders = {};
  private readonly waiting = new GrowingBuffer();
  /** Whether it is waited for as a whole: then nothing is to wait for a reader. */
  private isWanted = false;
  private isOver = false;
  private failure: unknown;
  private controller: Dispatcher.DispatchController | undefined;
  /** What goes on once there is something new. */
  private wake: (() => void) | undefined;
  /** Who follows it: called in place of `wake`, each time. */
  private onMore: (() => void) | undefined;
  /** Told of the end once nobody reads any more; undefined: somebody may read. */
  private onSkipped: ((isWhole: boolean) => void) | undefined;

  /** Resolves with the head; rejects where none came. */
  async begin(): Promise<void> {
    while (this.status === 0) {
      if (this.isOver) throw this.failure;
      await this.change();
    }
  }

  /** Whether a connection has taken the request; until then not a byte of it went out. */
  get isStarted(): boolean {
    return this.controller !== undefined;
  }

  /** Whether `take` has something to give, be it the end. */
  get isReady(): boolean {
    return this.waiting.length > 0 || this.isOver;
  }

  /** Has `read` called whenever it has, in the call that brings it. */
  follow(read: () => void): void {
    this.onMore = read;
    if (this.isReady) read();
  }

  /** The bytes that have come; undefined at the end. Throws what the answer broke off with. */
  take(): Buffer | undefined {
    if (this.waiting.length > 0) return this.takeAll();
    if (this.failure) throw this.failure;
    return undefined;
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  /**
   * All that is left of it; throws what `tooLarge` makes where that is more than so many bytes. It is given in the turn that brings the
   * end: a connection that ends behind its answer does so later, and whoever has it back by then lets it go.
   */
  rest(maxBytes: number, tooLarge: () => Error): Promise<Buffer> {
    this.isWanted = true;
    if (this.controller?.paused) this.controller.resume();
    return new Promise((resolve, reject) => {
      this.wake = () => {
        if (this.waiting.length > maxBytes) reject(tooLarge());
        else if (this.failure) reject(this.failure);
        else if (this.isOver) joinCohort(() => resolve(this.takeAll()));
      };
      this.wake();
    });
  }

  /** Lets the rest go by; `onEnd` hears whether it came to its end, or of what waits for no answer more. */
  skip(onEnd: (isWhole: boolean) => void): void {
    this.onSkipped = onEnd;
    this.waiting.take();
    if (this.isOver) onEnd(this.failure === undefined);
    else this.controller?.resume();
  }

  /** Ends the request: one that waits for a connection is then never sent. */
  abort(reason: Error): void {
    this.failure ??= reason;
    this.controller?.abort(reason);
    this.end();
  }

  get isEnded(): boolean {
    return this.isOver;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.isOver) controller.abort(this.failure as Error);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    this.wake?.();
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.onSkipped) return;
    this.waiting.append(bytes);
    if (this.waiting.length > HIGH_WATER && !this.isWanted) controller.pause();
    this.tell();
  }

  onResponseEnd(): void {
    this.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.failure ??= error;
    this.end();
  }

  private takeAll(): Buffer {
    const bytes = this.waiting.take();
    if (this.controller?.paused) this.controller.resume();
    return bytes;
  }

  private tell(): void {
    (this.onMore ?? this.wake)?.();
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.tell();
    this.onSkipped?.(this.failure === undefined);
  }
}
