import { EnvHttpProxyAgent, Pool } from 'undici';
import type { ProxyConfig } from '../../config/config.js';
import { newConnection } from './connection.js';
import type { ConnectionOptions } from './connections.js';

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
