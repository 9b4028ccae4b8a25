import { Client, EnvHttpProxyAgent, Pool } from 'undici';
import type { ProxyConfig } from '../../config/config.js';
import type { ConnectionOptions } from './connections.js';
import { goOnAtEnd } from './paused-parser.js';

/** Carries calls through the proxies that the environment names, but for the hosts in NO_PROXY. */
export function openProxy(
  { httpProxy, httpsProxy, noProxy }: ProxyConfig,
  { connectTimeoutMs, headersTimeoutMs, idleTimeoutMs }: ConnectionOptions,
): EnvHttpProxyAgent {
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
    clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: connectTimeoutMs }),
    factory: (origin, options) => new Pool(origin, { ...options, factory: newClient }),
    headersTimeout: headersTimeoutMs,
    bodyTimeout: idleTimeoutMs,
  });
}

function newClient(origin: URL, options: object): Client {
  const client = new Client(origin, options);
  goOnAtEnd(client);
  return client;
}
