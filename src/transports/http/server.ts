import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { ConfigError } from '../../config/config.js';
import { FINAL_RESULTS_MS } from '../../operations/operations.js';
import { HttpError } from '../http-error.js';
import { serverOptions } from '../timeouts.js';
import { UPGRADES } from '../upgrades.js';
import { type GraphQLOptions, serveGraphQL } from './graphql.js';
import { OpenResponses } from './open-responses.js';
import { sendError } from './responses.js';

export interface HttpOptions extends GraphQLOptions {
  /** Asked first for every request to `/graphql`; undefined: none is served. */
  playground: Page | undefined;
  /** Tried in this order for every path that the server does not handle itself. */
  pages: readonly Page[];
  /** Paths that answer under any host name. */
  hostless: ReadonlySet<string>;
  /** Whether the server may receive new work. */
  isReady: () => Promise<boolean>;
}

export interface Page {
  /** Responds to the request, or returns false where it is for another page. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

export interface HttpServer {
  server: Server;
  /** Resolves with the server's origin, e.g. `http://127.0.0.1:4000`. */
  listen(host: string, port: number): Promise<string>;
  /** Finishes the open responses and closes every connection. */
  close(): Promise<void>;
}

/** The HTTP server: GraphQL, pages and health checks. */
export function createHttpServer(options: HttpOptions): HttpServer {
  const openResponses = new OpenResponses();
  const respond = (request: IncomingMessage, response: ServerResponse, handle = route) => {
    if (!openResponses.admit(request, response)) return;
    const requestId = randomUUID();
    response.setHeader('x-request-id', requestId);
    // The client sends its next request to another server.
    if (options.operations.isDraining) response.setHeader('connection', 'close');
    handle(request, response, requestId, options).catch((error: unknown) =>
      sendError(error, request, response, requestId, options.log),
    );
  };
  const server = createServer({ ...serverOptions(options.timeouts), ...UPGRADES }, (request, response) =>
    respond(request, response),
  );
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // Invite the body when it is read: never, if the headers are refused.
    request.once('resume', () => {
      if (!response.headersSent) response.writeContinue();
    });
    respond(request, response);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    respond(request, response, refuseExpectation),
  );
  return {
    server,
    async listen(host, port) {
      server.listen(port, host);
      await once(server, 'listening').catch((error) => {
        throw new ConfigError([listenProblem(error, host, port)]);
      });
      return `http://${isIPv6(host) ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
    },
    async close() {
      await openResponses.written(FINAL_RESULTS_MS);
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function listenProblem({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === 'EADDRINUSE') return `PORT ${port} on ${host} is in use; name another, or 0 for a free one`;
  if (code === 'EACCES') return `PORT ${port} may not be used by this user; name one from 1024 on`;
  return `HOST ${host} is not an address of this machine (${code ?? message})`;
}

async function refuseExpectation(): Promise<void> {
  throw new HttpError(417, 'The header `Expect` may only be `100-continue`.');
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  options: HttpOptions,
) {
  const path = request.url?.split('?', 1)[0] ?? '';
  if (!options.hostless.has(path)) options.hosts.check(request);
  if (path === '/graphql') {
    if (options.cors.serve(request, response)) return;
    if (await options.playground?.serve(request, response)) return;
    return serveGraphQL(request, response, requestId, options);
  }
  if (path === '/healthz') return sendJson(response, 200, { status: 'ok' });
  if (path === '/readyz') {
    const ready = await options.isReady();
    return sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready' });
  }
  for (const page of options.pages) if (await page.serve(request, response)) return;
  throw new HttpError(404, 'There is nothing at this path. GraphQL is at /graphql.');
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
