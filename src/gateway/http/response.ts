import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { onAbort } from '../../util/abort.js';
import { GrowingBuffer } from '../../util/growing-buffer.js';
import { badResponse, type Stage, transportError } from '../errors/gateway-error.js';

/** Bytes that may wait to be read before the connection is paused. */
const HIGH_WATER_MARK = 65_536;
/** How long `dump` waits for the rest. */
const DUMP_MS = 1_000;

/**
 * The response to one request: its head, then the bytes of its body. A plain handler in place of undici's `request`, whose stream
 * for each body adds half to the CPU time of a request, and which does not tell whether the request was sent.
 */
export class GatewayResponse implements Dispatcher.DispatchHandler, AsyncIterableIterator<Buffer, undefined> {
  /** 0 until the response has begun. */
  status = 0;
  /** The request was completed, aborted or broke off. */
  isOver = false;
  /** The last byte of the request has not been sent. */
  isHeldBack = false;
  private headers: IncomingHttpHeaders = {};
  private readonly waiting = new GrowingBuffer();
  private failure: unknown;
  private controller: Dispatcher.DispatchController | undefined;
  private mayPause = true;
  private dumpTimer: NodeJS.Timeout | undefined;
  private readonly removeListener: () => void;
  private wake: () => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.removeListener = onAbort(signal, (reason) => this.abort(reason));
  }

  /** Resolves once status and headers are there. */
  async head(): Promise<void> {
    while (this.status === 0 && !this.isOver) await this.progress();
    if (this.status === 0) throw this.error;
  }

  /** The first value of a header that may have come more than once. */
  header(name: string): string | undefined {
    const value = this.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The bytes of the body that have come meanwhile. */
  async next(): Promise<IteratorResult<Buffer, undefined>> {
    while (this.waiting.length === 0 && !this.isOver) await this.progress();
    if (this.waiting.length > 0) return { done: false, value: this.take() };
    if (this.failure) throw this.error;
    return { done: true, value: undefined };
  }

  /** Ending the iteration early aborts the request. */
  async return(): Promise<IteratorResult<Buffer, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Discards the rest, so that the connection can serve the next request. */
  dump(): void {
    this.dumpTimer = setTimeout(() => this.abort(new Error('The response did not end.')), DUMP_MS);
    if (this.isOver) clearTimeout(this.dumpTimer);
    else this.take();
  }

  /** Nobody reads it any more: aborts the request, unless the response is over or dumped. */
  close(): void {
    if (!this.isOver && this.dumpTimer === undefined)
      this.abort(new Error('The response is not read any more.'));
  }

  abort(reason: Error): void {
    if (this.isOver) return;
    this.end(reason);
    this.controller?.abort(reason);
  }

  get isPaused(): boolean {
    return this.controller?.paused ?? false;
  }

  /** The connection has ended: whatever is left comes at once. */
  readToEnd(): void {
    this.mayPause = false;
    this.controller?.resume();
  }

  /** For undici. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.isOver) controller.abort(this.failure as Error);
  }

  /** For undici. */
  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    this.wake();
  }

  /** For undici. */
  onResponseData(controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.dumpTimer !== undefined) return;
    this.waiting.append(bytes);
    if (this.waiting.length > HIGH_WATER_MARK && this.mayPause) controller.pause();
    this.wake();
  }

  /** For undici. */
  onResponseEnd(): void {
    this.end();
  }

  /** For undici. */
  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.end(error);
  }

  private get stage(): Stage {
    if (this.status !== 0) return 'reading';
    return this.controller && !this.isHeldBack ? 'waiting' : 'sending';
  }

  private get error(): Error {
    return transportError(this.failure, this.stage);
  }

  private take(): Buffer {
    const bytes = this.waiting.take();
    if (this.isPaused) this.controller?.resume();
    return bytes;
  }

  private progress(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  private end(failure?: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.failure = failure;
    clearTimeout(this.dumpTimer);
    this.removeListener();
    this.wake();
  }
}

/** The body of a response that is read as a whole. */
export class BoundedBody extends GrowingBuffer {
  constructor(
    private readonly maxBytes: number,
    private readonly status: number,
  ) {
    super();
  }

  /** Throws where there are too many bytes. */
  override append(bytes: Buffer): void {
    super.append(bytes);
    if (this.length <= this.maxBytes) return;
    throw badResponse(`it is larger than ${this.maxBytes} bytes`, { gateway: { status: this.status } });
  }
}
