import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import type { ProxyConfig } from '../../config/config.js';
import type { GatewayResponse } from './response.js';

/** Durations in milliseconds. */
export interface ConnectionOptions {
  connectTimeoutMs: number;
  headersTimeoutMs: number;
  idleTimeoutMs: number;
  /** How long the last byte of a request is held back on a connection that was idle; 2 if it is left out. */
  holdBackMs?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** What is dispatched to a pool of these connections. */
export interface GatewayDispatchOptions extends Dispatcher.DispatchOptions {
  response: GatewayResponse;
}

/** No gateway closes a connection as idle this soon after its last response. */
const FRESH_MS = 20;
const HOLD_BACK_MS = 2;

/** The connections to the gateway: as many as there are calls at once, kept for the next ones. */
export function openPool(origin: string, options: ConnectionOptions): Pool {
  return new Pool(origin, {
    connect: { timeout: options.connectTimeoutMs },
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.idleTimeoutMs,
    factory: (url, poolOptions) => new GatewayConnection(url, poolOptions, options),
  });
}

/** The same through the proxies that the environment names, but for the hosts in NO_PROXY. */
export function openProxy(
  { httpProxy, httpsProxy, noProxy }: ProxyConfig,
  options: ConnectionOptions,
): EnvHttpProxyAgent {
  const { connectTimeoutMs, headersTimeoutMs, idleTimeoutMs } = options;
  const connect = { timeout: connectTimeoutMs };
  return new EnvHttpProxyAgent({
    // Empty rather than left out: undici would read the environment itself.
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? '',
    noProxy: noProxy ?? '',
    connect,
    proxyTls: connect,
    requestTls: connect,
    // The proxy has as long to open a tunnel as a gateway has to take a connection.
    clientFactory: (origin, poolOptions) =>
      new Pool(origin, { ...poolOptions, headersTimeout: connectTimeoutMs }),
    factory: (origin, agentOptions) =>
      new Pool(origin, {
        ...agentOptions,
        factory: (url, poolOptions) => new GatewayConnection(url, poolOptions, options),
      }),
    headersTimeout: headersTimeoutMs,
    bodyTimeout: idleTimeoutMs,
  });
}

/** One connection of a pool, which is told of its responses. */
class GatewayConnection extends Client {
  /** The last one on this connection. */
  private response: GatewayResponse | undefined;
  private isConnected = false;

  constructor(
    origin: URL,
    { connect, ...poolOptions }: Client.Options,
    private readonly options: ConnectionOptions,
  ) {
    super(origin, {
      ...poolOptions,
      connect: (connectOptions, callback) => {
        // undici connects anew after an aborted call, though there is nothing to send.
        if (this.response?.isOver) return callback(new Error('The call was aborted.'), null);
        (connect as buildConnector.connector)(connectOptions, (...result) => {
          if (result[1]) this.readOnAtEnd(result[1]);
          callback(...result);
        });
      },
    });
    this.on('connect', () => {
      this.isConnected = true;
    }).on('disconnect', () => {
      this.isConnected = false;
    });
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { response } = options as GatewayDispatchOptions;
    const mayBeClosing = this.mayBeClosing();
    this.response = response;
    if (!mayBeClosing || typeof options.body !== 'string') return super.dispatch(options, handler);
    const body = Buffer.from(options.body);
    const headers = { ...(options.headers as Record<string, string>), 'content-length': String(body.length) };
    const held = response.holdBack(body, this.options.holdBackMs ?? HOLD_BACK_MS);
    return super.dispatch({ ...options, headers, body: held as never }, handler);
  }

  /**
   * undici 7 throws where nobody can catch it if a connection ends while its response is paused (nodejs/undici#5360; mended in 8,
   * which needs Node 22). These listeners are called before its own.
   */
  private readOnAtEnd(socket: Socket): void {
    for (const event of ['end', 'error', 'close']) socket.on(event, () => this.response?.readOn());
  }

  /** Whether the connection was idle for so long that the gateway may be about to close it. */
  private mayBeClosing(): boolean {
    const endedAt = this.response?.endedAt;
    return (
      this.isConnected &&
      endedAt !== undefined &&
      Math.abs((this.options.now ?? Date.now)() - endedAt) > FRESH_MS
    );
  }
}
