import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import Negotiator from 'negotiator';

/** A page itself is asked for again at each visit; a name with a hash of its content stands for the same forever. */
const CACHING = { page: 'no-cache', hashed: 'public, max-age=31536000, immutable' };

/** A file of a page, compressed once. */
export interface PageFile {
  gzipped: Buffer;
  headers: Record<string, string>;
}

export interface PageFileOptions {
  type: string;
  caching: keyof typeof CACHING;
  contentSecurityPolicy: string;
}

export async function toPageFile(
  content: string | Buffer,
  { type, caching, contentSecurityPolicy }: PageFileOptions,
): Promise<PageFile> {
  return {
    gzipped: await promisify(gzip)(content),
    headers: {
      'content-type': type,
      etag: `"${hashOf(content)}"`,
      'cache-control': CACHING[caching],
      vary: 'accept, accept-encoding',
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  };
}

export function hashOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('base64url');
}

/** Responds to a GET or HEAD. */
export async function sendPageFile(
  { gzipped, headers }: PageFile,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeaders(new Map(Object.entries(headers)));
  if (request.headers['if-none-match'] === headers.etag) {
    response.writeHead(304).end();
  } else if (new Negotiator(request).encodings(['gzip', 'identity']).includes('gzip')) {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': gzipped.length }).end(gzipped);
  } else {
    const content = await promisify(gunzip)(gzipped);
    response.writeHead(200, { 'content-length': content.length }).end(content);
  }
}
