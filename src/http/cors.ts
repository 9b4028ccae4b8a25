import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpError } from './http-error.js';

/** What a preflight is told; browsers keep it for two hours at most. */
const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers':
    'content-type, authorization, apollo-require-preflight, x-apollo-operation-name',
  'access-control-max-age': '7200',
};

/** Which pages' scripts may read the answers: those of the same origin and of the origins that are named. */
export class Cors {
  private readonly origins: ReadonlySet<string>;

  /** `origins`: as browsers write them, e.g. `https://app.example`. */
  constructor(origins: readonly string[]) {
    this.origins = new Set(origins);
  }

  /** For a WebSocket, which browsers open to any origin: whether its page may have it. No page, no question. */
  mayConnect({ headers: { origin, host } }: IncomingMessage): boolean {
    if (origin === undefined || this.origins.has(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === host;
  }

  /**
   * Sets the headers of every answer, errors included. Whether the request was a preflight, and has its answer.
   * Nothing here counts on cookies, so credentials are never allowed.
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
    if (!isAllowed)
      throw new HttpError(403, 'Pages of this origin may not call this server: see CORS_ORIGINS.');
    response.writeHead(204, PREFLIGHT).end();
    return true;
  }
}
