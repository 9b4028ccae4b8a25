import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

// Java's HttpClient and `curl --http2` ask for h2c with their first request. A server may ignore an upgrade that it does not know
// (RFC 9110, 7.8).

export function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/** For the HTTP server: Node serves other requests as if they had not asked. Versions before 24.9 do not know the option. */
export const UPGRADES = { shouldUpgradeCallback: isWebSocket };

/** Does the same in those versions. They have handed over the connection by now, so they get the request again without the header. */
export function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let place = 0; place < rawHeaders.length; place += 2) {
    const name = rawHeaders[place] ?? '';
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${rawHeaders[place + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}
