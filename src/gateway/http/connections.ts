import { type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import type { ProxyConfig } from '../../config/config.js';
import { shuttingDown } from '../../errors.js';
import { type IdleOptions, newConnection } from './connection.js';
import { GatewayResponse } from './response.js';

/** Durations in milliseconds. */
export interface ConnectionOptions extends IdleOptions {
  connectTimeoutMs: number;
  headersTimeoutMs: number;
  idleTimeoutMs: number;
  /** Carries all calls through a proxy. */
  proxy?: Dispatcher;
}

/** The connections to the gateway: as many as there are calls. */
export class Connections {
  private readonly pool: Dispatcher;
  private isClosed = false;

  constructor(
    private readonly origin: string,
    private readonly options: ConnectionOptions,
  ) {
    this.pool =
      options.proxy ??
      new Pool(origin, {
        connect: { timeout: options.connectTimeoutMs },
        headersTimeout: options.headersTimeoutMs,
        bodyTimeout: options.idleTimeoutMs,
        factory: newConnection(options),
      });
  }

  /** Sends a request, which the signal aborts. Redirects are not followed: they would carry the key to another host. */
  send(request: Dispatcher.DispatchOptions, signal: AbortSignal): GatewayResponse {
    if (this.isClosed) throw shuttingDown();
    signal.throwIfAborted();
    const response = new GatewayResponse(signal);
    const dispatched = { origin: this.origin, ...request, response };
    this.pool.dispatch(dispatched, response);
    return response;
  }

  /** Aborts what still runs; a proxy is closed by its owner. */
  async close(): Promise<void> {
    this.isClosed = true;
    if (!this.options.proxy) await this.pool.destroy();
  }
}

/** Carries calls through the proxies that the environment names, except to the hosts in NO_PROXY. */
export function openProxy(
  { httpProxy, httpsProxy, noProxy }: ProxyConfig,
  { connectTimeoutMs, headersTimeoutMs, idleTimeoutMs, ...idle }: ConnectionOptions,
): EnvHttpProxyAgent {
  const connect = { timeout: connectTimeoutMs };
  const factory = newConnection(idle);
  return new EnvHttpProxyAgent({
    // Empty instead of left out: undici would read the environment itself.
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? '',
    noProxy: noProxy ?? '',
    connect,
    proxyTls: connect,
    requestTls: connect,
    // The proxy has as long to open a tunnel as a gateway has to accept a connection.
    clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: connectTimeoutMs }),
    factory: (origin, options) => new Pool(origin, { ...options, factory }),
    headersTimeout: headersTimeoutMs,
    bodyTimeout: idleTimeoutMs,
  });
}
