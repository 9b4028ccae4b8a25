import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bearerToken } from '../auth/bearer.js';
import type { MetricsAccess } from '../config.js';
import type { Metrics } from '../telemetry/metrics.js';
import { HttpError } from './http-error.js';

/** `GET /metrics`, for whoever may see what models are used and how much. */
export class MetricsPage {
  constructor(
    private readonly metrics: Metrics,
    private readonly access: MetricsAccess,
  ) {}

  /** Gives back false where there is no such page. */
  async serve({ headers }: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (this.access === 'nobody') return false;
    const isAllowed =
      this.access === 'everyone' || isEqual(bearerToken(headers.authorization), this.access.token);
    if (!isAllowed) throw new HttpError(401, 'Send the server’s METRICS_TOKEN as `Authorization: Bearer`.');
    response.writeHead(200, { 'content-type': this.metrics.contentType });
    response.end(await this.metrics.print());
    return true;
  }
}

/** In the same time, wherever they differ. */
function isEqual(given: string | undefined, wanted: string): boolean {
  const [one, other] = [given ?? '', wanted].map((text) => createHash('sha256').update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}
