import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';
import type { Config } from '../../config/config.js';
import type { Page } from '../../transports/http/server.js';
import { type ExampleOperation, readExampleOperations } from '../example-operations.js';
import { keepHistory } from './history.js';
import { fillIds } from './ids.js';
import { STYLE } from './style.js';
import { type ExampleTab, keepTabs } from './tabs.js';
import { showTextSoFar } from './text-so-far.js';

/** Everything is inline, the workers are blobs, and the page talks to this server only. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' blob:",
  'worker-src blob:',
  "style-src 'unsafe-inline'",
  'img-src data:',
  'font-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface RenderedPage {
  etag: string;
  gzipped: Buffer;
}

/** GraphiQL from node_modules: 9 MB, so it is rendered and compressed once, with the first request. */
export class Playground implements Page {
  private page: Promise<RenderedPage> | undefined;

  constructor(private readonly authMode: Config['authMode']) {}

  async serve(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    this.page ??= renderPage(this.authMode);
    const { etag, gzipped } = await this.page;
    response.setHeader('etag', etag);
    response.setHeader('cache-control', 'no-cache');
    response.setHeader('vary', 'accept, accept-encoding');
    response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304).end();
      return true;
    }
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': gzipped.length }).end(gzipped);
      return true;
    }
    const unpacked = createGunzip();
    unpacked.end(gzipped);
    await pipeline(unpacked, response.writeHead(200));
    return true;
  }
}

async function renderPage(authMode: Config['authMode']): Promise<RenderedPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const examples = readExampleOperations().map(toTab);
  const page = renderGraphiQL({
    title: 'Context cache',
    endpoint: '/graphql',
    subscriptionsProtocol: 'GRAPHQL_SSE',
    // Over GET, pages of any origin could open streams.
    method: 'POST',
    // Headers may contain a gateway key, which must not be kept in the browser's storage.
    shouldPersistHeaders: false,
    headers: authMode === 'none' ? '{}' : '{ "Authorization": "Bearer your-key-or-token" }',
    defaultTabs: examples,
  });
  const html = page.replace('<script>', (script) => beforeGraphiQL(examples) + script);
  const gzipped = await promisify(gzip)(html);
  return { etag: `"${createHash('sha256').update(gzipped).digest('base64url')}"`, gzipped };
}

function toTab({ query, variables }: ExampleOperation): ExampleTab {
  return { title: /^\w+ (\w+)/m.exec(query)?.[1] ?? '', query, variables };
}

function beforeGraphiQL(examples: ExampleTab[]): string {
  const json = JSON.stringify(examples).replaceAll('<', '\\u003c');
  return `<style>${STYLE}</style><script>(${keepTabs})(${json});(${showTextSoFar})();(${fillIds})();(${keepHistory})();</script>`;
}
