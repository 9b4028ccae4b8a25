import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import type { GatewayResponse } from './response.js';

/** What is dispatched. Pools and agents pass `response` on untouched. */
export interface GatewayRequest extends Dispatcher.DispatchOptions {
  response?: GatewayResponse;
}

export interface IdleOptions {
  /** Milliseconds that the last byte of a request is held back on a connection that may be closing; 2 by default. */
  holdBackMs?: number;
  /** Milliseconds for which no gateway takes a connection for idle after its last response; 20 by default. */
  freshMs?: number;
}

const FRESH_MS = 20;
const HOLD_BACK_MS = 2;

/** For the `factory` option of undici's Pool. */
export function newConnection({ freshMs = FRESH_MS, holdBackMs = HOLD_BACK_MS }: IdleOptions) {
  return (origin: URL, options: object) => new Connection(origin, options, freshMs, holdBackMs);
}

/** One connection of a Pool, which knows how long it has been idle. */
class Connection extends Client {
  /** Of the latest request. */
  private response: GatewayResponse | undefined;
  private idleSince = 0;

  constructor(
    origin: URL,
    options: Client.Options,
    private readonly freshMs: number,
    private readonly holdBackMs: number,
  ) {
    // A Pool has made the option a function by now.
    const connect = options.connect as buildConnector.connector;
    super(origin, { ...options, connect: (target, callback) => this.open(connect, target, callback) });
    this.on('drain', () => {
      this.idleSince = performance.now();
    });
  }

  override dispatch(request: GatewayRequest, handler: Dispatcher.DispatchHandler): boolean {
    const { response, body } = request;
    this.response = response;
    if (response && body instanceof Buffer && this.mayBeClosing) {
      response.isHeldBack = true;
      const iterable = this.holdBack(body, response) as unknown as Dispatcher.DispatchOptions['body'] &
        object;
      return super.dispatch({ ...request, body: iterable }, handler);
    }
    return super.dispatch(request, handler);
  }

  /** Whether the gateway may be about to close it, as idle. */
  private get mayBeClosing(): boolean {
    return performance.now() - this.idleSince > this.freshMs && this.stats.connected;
  }

  /**
   * A gateway may close an idle connection just as a request goes out on it, and nobody can tell afterwards whether it has
   * read that request. So the last byte waits until such a close would have been seen. A request without its last byte
   * cannot have been processed, so it may be sent again on another connection. Once its first bytes have arrived, the
   * connection is not idle any more, and the gateway has no reason to close it.
   */
  private async *holdBack(body: Buffer, response: GatewayResponse): AsyncGenerator<Buffer> {
    yield body.subarray(0, -1);
    await pause(this.holdBackMs);
    // The timer of a busy process may be late: read first what has come meanwhile.
    await nextTurn();
    await nextTurn();
    if (response.isOver) return;
    response.isHeldBack = false;
    yield body.subarray(-1);
  }

  private open(
    connect: buildConnector.connector,
    ...[target, callback]: Parameters<buildConnector.connector>
  ) {
    // undici connects anew for a request that was aborted.
    if (this.response?.isOver) return callback(new Error('The request was aborted.'), null);
    connect(target, (...[error, socket]) => {
      if (error) return callback(error, null);
      this.watch(socket);
      callback(null, socket);
    });
  }

  /**
   * undici 7 throws where nobody can catch it when a connection ends while its parser is paused (nodejs/undici#5360, fixed in
   * 8, which needs Node 22). These listeners run before undici's own: at an orderly end the parser resumes for good.
   * After a reset it cannot; so the error takes a code after which undici does not finish the parser.
   */
  private watch(socket: Socket): void {
    socket.on('end', () => this.response?.readToEnd());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.response?.isPaused) error.code = 'UND_ERR_SOCKET';
    });
  }
}
