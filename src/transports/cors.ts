import type { IncomingMessage, ServerResponse } from 'node:http';
import { isOrigin } from '../util/origin.js';
import { HttpError } from './http-error.js';

/** Browsers cache a preflight response for two hours at most. */
const MAX_AGE_SECONDS = '7200';

/** Pages of the same origin and of the configured origins may read responses. */
export class Cors {
  private readonly origins: ReadonlySet<string>;

  /** `origins`: as browsers write them, e.g. `https://app.example`. */
  constructor(origins: readonly string[]) {
    this.origins = new Set(origins);
  }

  /** Throws if the page's origin may not open a WebSocket: browsers do not check. Other clients send no origin. */
  checkConnect({ headers: { origin, host } }: IncomingMessage): void {
    if (origin === undefined || this.origins.has(origin)) return;
    if (!isOriginOf(origin, host)) throw notAllowed(origin);
  }

  /**
   * Sets the CORS headers of every response, errors included; returns whether the request was a preflight and is done.
   * No cookies are used, so credentials are never allowed.
   */
  serve({ method, headers }: IncomingMessage, response: ServerResponse): boolean {
    const { origin } = headers;
    const isAllowed = origin !== undefined && this.origins.has(origin);
    response.setHeader('vary', 'origin');
    if (isAllowed) {
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-expose-headers', 'x-request-id');
    }
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return false;
    if (!isAllowed) throw notAllowed(origin);
    response.writeHead(204, {
      'access-control-allow-methods': 'GET, POST',
      // Tracing and client libraries add headers of their own, and no header gives a page more rights.
      'access-control-allow-headers':
        headers['access-control-request-headers'] ?? 'content-type, authorization',
      'access-control-max-age': MAX_AGE_SECONDS,
      vary: 'origin, access-control-request-headers',
    });
    response.end();
    return true;
  }
}

/** Proxies may add the default port to the host, and clients may write it in capital letters. */
function isOriginOf(origin: string, host: string | undefined): boolean {
  if (!isOrigin(origin)) return false;
  const { protocol, host: own } = new URL(origin);
  const server = `${protocol}//${host}`;
  return URL.canParse(server) && new URL(server).host === own;
}

/** The header may hold any text: only a valid origin is quoted. */
function notAllowed(origin: string | undefined): HttpError {
  return new HttpError(
    403,
    origin !== undefined && isOrigin(origin)
      ? `Pages of ${origin} may not call this server. To allow them, add ${origin} to CORS_ORIGINS and restart the server.`
      : 'Pages without an origin of their own, such as files and sandboxed frames, may not call this server. Serve the page from an origin that CORS_ORIGINS names.',
  );
}
