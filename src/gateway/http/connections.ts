import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
// The package's index loads its fetch, its WebSocket, its caches and more.
import Client from 'undici/lib/dispatcher/client.js';
import { shuttingDown } from '../../errors.js';
import { onAbort } from '../../util/abort.js';
import type { Stage } from '../errors/gateway-error.js';
import { goOnAtEnd } from './paused-parser.js';
import { Answer } from './response.js';

/** Durations in milliseconds. */
export interface ConnectionOptions {
  connectTimeoutMs: number;
  headersTimeoutMs: number;
  idleTimeoutMs: number;
  /** How long the last byte of a request is held back on a connection that may be closing; 2 where it is left out. */
  holdBackMs?: number;
  /** Carries all calls through a proxy. */
  proxy?: Dispatcher;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** A request that can be sent. */
export interface OutgoingRequest {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: string | null;
}

/** A connection, or what finds one, for one request. */
interface Line {
  dispatcher: Dispatcher;
  /** Whether the gateway may be about to close it, as idle. */
  mayBeClosing: boolean;
  /** The answer was read to its end. */
  keep(): void;
  /** The request, or its answer, was not read to its end. */
  drop(reason: Error | null): void;
}

/** No gateway closes a connection as idle this soon after its last answer. */
const FRESH_MS = 20;
const HOLD_BACK_MS = 2;

/**
 * The connections to the gateway: as many as there are calls, kept for the next ones while they are warm.
 * undici's own Pool connects anew for every call that is abandoned, and leaves that connection idle.
 */
export class Connections {
  private readonly clients = new Set<Client>();
  /** The last one is the warmest; each with the time since which it is idle. */
  private readonly idle: { client: Client; since: number }[] = [];
  private readonly now: () => number;
  private isClosed = false;

  constructor(
    private readonly origin: string,
    private readonly options: ConnectionOptions,
  ) {
    this.now = options.now ?? Date.now;
  }

  /** A connection for one request; it is the caller's to end, and ends with the call. None for a call that is over. */
  open(signal: AbortSignal): Exchange {
    if (this.isClosed) throw shuttingDown();
    signal.throwIfAborted();
    const answer = new Answer();
    const { proxy } = this.options;
    const line = proxy ? proxied(proxy, answer) : this.line();
    return new Exchange(this.origin, answer, line, signal, this.options.holdBackMs);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.clients].map((client) => client.destroy()));
  }

  private line(): Line {
    const kept = this.idle.pop();
    const client = kept?.client ?? this.connect();
    return {
      dispatcher: client,
      mayBeClosing: kept !== undefined && Math.abs(this.now() - kept.since) > FRESH_MS,
      keep: () => void this.idle.push({ client, since: this.now() }),
      drop: (reason) => this.drop(client, reason),
    };
  }

  private drop(client: Client, reason: Error | null): void {
    this.clients.delete(client);
    void client.destroy(reason);
  }

  private connect(): Client {
    const client = new Client(this.origin, {
      connect: { timeout: this.options.connectTimeoutMs },
      headersTimeout: this.options.headersTimeoutMs,
      bodyTimeout: this.options.idleTimeoutMs,
    });
    this.clients.add(client);
    goOnAtEnd(client);
    client.on('disconnect', () => {
      const place = this.idle.findIndex((kept) => kept.client === client);
      if (place === -1) return;
      this.idle.splice(place, 1);
      this.drop(client, null);
    });
    return client;
  }
}

/** undici's agent has connections of its own, and does not tell which of them are kept ones. */
function proxied(proxy: Dispatcher, answer: Answer): Line {
  return {
    dispatcher: proxy,
    mayBeClosing: true,
    keep: () => undefined,
    drop: (reason) => answer.abort(reason ?? new Error('The answer is not wanted any more.')),
  };
}

/** One request and its answer on one connection. */
export class Exchange {
  private readonly removeListener: () => void;
  private isOver = false;
  /** Whether the last byte of the request is held back, since the gateway may be closing the connection. */
  private isHeldBack = false;

  constructor(
    private readonly origin: string,
    readonly answer: Answer,
    private readonly line: Line,
    signal: AbortSignal,
    private readonly holdBackMs = HOLD_BACK_MS,
  ) {
    this.removeListener = onAbort(signal, (reason) => this.end(reason));
  }

  /** Of the answer, once it has begun. */
  get status(): number | undefined {
    return this.answer.status || undefined;
  }

  get stage(): Stage {
    if (this.status !== undefined) return 'reading';
    return this.answer.isStarted && !this.isHeldBack ? 'waiting' : 'sending';
  }

  /** Sends the request, once. No redirect is followed: it would carry the key to another host. */
  send({ body, headers, ...request }: OutgoingRequest): void {
    const { dispatcher, mayBeClosing } = this.line;
    const options: Dispatcher.DispatchOptions = { origin: this.origin, ...request, headers, body };
    if (body !== null && mayBeClosing) {
      const bytes = Buffer.from(body);
      options.headers = { ...headers, 'content-length': String(bytes.length) };
      options.body = this.holdBack(bytes) as unknown as Dispatcher.DispatchOptions['body'] & object;
    }
    dispatcher.dispatch(options, this.answer);
  }

  /** The answer was read to its end: the connection may serve another request. */
  release(): void {
    if (this.settle()) this.line.keep();
  }

  /** Ends the connection, unless it was released. */
  end(reason: Error | null = null): void {
    if (this.settle()) this.line.drop(reason);
  }

  /**
   * A gateway may close an idle connection just as a request goes out on it. Whether it has read such a request cannot be told
   * afterwards: its end of the connection looks the same either way. So the last byte waits until the close, if there is
   * one, has been seen. A request without its last byte cannot have been processed, hence it may be sent again on another
   * connection, even to a session, which must not take a turn in twice. With its first bytes the connection is idle
   * no longer, so that the gateway has no reason to close it afterwards.
   */
  private async *holdBack(body: Buffer): AsyncGenerator<Buffer> {
    this.isHeldBack = true;
    yield body.subarray(0, -1);
    await pause(this.holdBackMs);
    // A busy process may be late for its timer: what has come meanwhile is read first.
    await nextTurn();
    await nextTurn();
    if (this.answer.isEnded) return;
    this.isHeldBack = false;
    yield body.subarray(-1);
  }

  private settle(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.removeListener();
    return true;
  }
}
