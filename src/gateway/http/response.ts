import type { IncomingHttpHeaders } from 'node:http';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { GrowingBuffer } from '../../util/growing-buffer.js';
import type { Stage } from '../errors/gateway-error.js';

/** Bytes that may wait for the reader before the connection is paused. */
const HIGH_WATER = 65_536;

/**
 * One response, as undici dispatches it, to be read as chunks or as a whole. undici's own `request` makes a Node stream for
 * each response, at a third of a createContext's cost.
 */
export class GatewayResponse implements Dispatcher.DispatchHandler, AsyncIterable<Buffer> {
  status = 0;
  headers: IncomingHttpHeaders = {};
  /** When the response ended, in milliseconds as `now` counts them; undefined before. */
  endedAt: number | undefined;
  private readonly waiting = new GrowingBuffer();
  private controller: Dispatcher.DispatchController | undefined;
  private failure: unknown;
  private over = false;
  private isHeldBack = false;
  private mode: 'read' | 'buffer' | 'discard' = 'read';
  private wake: () => void = () => undefined;

  constructor(private readonly now: () => number) {}

  /** Whether it came to its end, failed or was aborted. */
  get isOver(): boolean {
    return this.over;
  }

  /** How far the exchange has come. */
  get stage(): Stage {
    if (this.status !== 0) return 'reading';
    return this.controller && !this.isHeldBack ? 'waiting' : 'sending';
  }

  /** Resolves with the head; rejects if none comes. */
  async head(): Promise<void> {
    while (this.status === 0) {
      if (this.over) throw this.failure;
      await this.change();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    for (;;) {
      if (this.waiting.length > 0) {
        const bytes = this.waiting.take();
        this.resume();
        yield bytes;
      } else if (this.over) {
        if (this.failure) throw this.failure;
        return;
      } else await this.change();
    }
  }

  /** The whole body; throws what `tooLarge` makes if it has more bytes. */
  async body(maxBytes: number, tooLarge: () => Error): Promise<Buffer> {
    this.readOn('buffer');
    for (;;) {
      if (this.waiting.length > maxBytes) throw tooLarge();
      if (this.over) break;
      await this.change();
    }
    if (this.failure) throw this.failure;
    return this.waiting.take();
  }

  /** Reads the rest and drops it, so that the connection can be used again; aborts after so many milliseconds. */
  discard(longestMs: number): void {
    this.readOn('discard');
    this.waiting.take();
    const timer = setTimeout(
      () => this.abort(new Error('The rest of the response takes too long.')),
      longestMs,
    );
    void this.ended().finally(() => clearTimeout(timer));
  }

  /** Closes the connection unless the response has ended. */
  abort(reason: Error): void {
    if (this.over) return;
    this.failure ??= reason;
    this.controller?.abort(reason);
    this.end();
  }

  /** Aborts what nobody reads any more, unless the rest is being discarded. */
  close(): void {
    if (this.mode !== 'discard') this.abort(new Error('The response is not read to its end.'));
  }

  /**
   * A gateway may close an idle connection just as a request goes out on it, and nobody can tell afterwards whether it has read that
   * request. So the last byte waits until such a close would have been seen. A request without its last byte cannot have been
   * processed, so it may be sent again, even to a session, which must not take a turn in twice.
   */
  async *holdBack(body: Buffer, milliseconds: number): AsyncGenerator<Buffer> {
    this.isHeldBack = true;
    yield body.subarray(0, -1);
    await pause(milliseconds);
    // A busy process may be late for its timer: read first what has arrived meanwhile.
    await nextTurn();
    await nextTurn();
    if (this.over) return;
    this.isHeldBack = false;
    yield body.subarray(-1);
  }

  /** Takes all that is left without pausing the connection. */
  readOn(mode: 'buffer' | 'discard' = 'buffer'): void {
    if (this.mode === 'read') this.mode = mode;
    this.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.over) controller.abort(this.failure as Error);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    this.wake();
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.mode === 'discard') return;
    this.waiting.append(bytes);
    if (this.mode === 'read' && this.waiting.length > HIGH_WATER) controller.pause();
    this.wake();
  }

  onResponseEnd(): void {
    this.endedAt = this.now();
    this.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.failure ??= error;
    this.end();
  }

  private resume(): void {
    if (this.controller?.paused) this.controller.resume();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  private async ended(): Promise<void> {
    while (!this.over) await this.change();
  }

  private end(): void {
    this.over = true;
    this.wake();
  }
}
