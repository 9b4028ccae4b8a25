import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bearerToken } from '../auth/bearer.js';
import type { MetricsAccess } from '../config/config.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { Page } from '../transports/http/server.js';
import { HttpError } from '../transports/http-error.js';

/** `GET /metrics`, for those who may see which models are used and how much. */
export class MetricsPage implements Page {
  constructor(
    private readonly metrics: Metrics,
    private readonly access: MetricsAccess,
  ) {}

  async serve({ url, headers }: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (url?.split('?', 1)[0] !== '/metrics' || this.access === 'nobody') return false;
    const isAllowed =
      this.access === 'everyone' || isEqual(bearerToken(headers.authorization), this.access.token);
    if (!isAllowed) throw new HttpError(401, 'Send the server’s METRICS_TOKEN as `Authorization: Bearer`.');
    response.writeHead(200, { 'content-type': this.metrics.contentType });
    response.end(await this.metrics.print());
    return true;
  }
}

/** In constant time. */
function isEqual(given: string | undefined, wanted: string): boolean {
  const [one, other] = [given ?? '', wanted].map((text) => createHash('sha256').update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}
