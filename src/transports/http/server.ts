import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { LAST_WORDS_MS } from '../../operations/operations.js';
import type { Cors } from '../cors.js';
import type { Hosts } from '../hosts.js';
import { HttpError } from '../http-error.js';
import { serverOptions } from '../timeouts.js';
import { answerError } from './answers.js';
import { answerGraphQL, type GraphQLParts } from './graphql.js';
import { prefersHtml } from './media-types.js';
import { OpenAnswers } from './open-responses.js';
import { Pipelining } from './pipelining.js';

export interface HttpParts extends GraphQLParts {
  cors: Cors;
  hosts: Hosts;
  /** Shown to a browser that opens `/graphql`; undefined: none is served. */
  playground: Page | undefined;
  /** Asked one after the other for every path that is not the server's own. */
  pages: readonly Page[];
  /** Whether new work may be sent here. */
  isReady: () => Promise<boolean>;
}

export interface Page {
  /** Answers the request, or returns false where it is for another page. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

export interface HttpServer {
  server: Server;
  /** Lets the answers that there are be written out, and closes every connection. */
  close(): Promise<void>;
}

/** The one HTTP server: GraphQL, playground and health. */
export function createHttpServer(parts: HttpParts): HttpServer {
  const answers = new OpenAnswers();
  const pipelining = new Pipelining();
  const answer = (request: IncomingMessage, response: ServerResponse, answerWith = route) => {
    if (!pipelining.admit(request, response)) return;
    answers.add(response);
    const requestId = randomUUID();
    response.setHeader('x-request-id', requestId);
    // The caller's next request is another server's.
    if (parts.operations.isDraining) response.setHeader('connection', 'close');
    answerWith(request, response, requestId, parts).catch((error: unknown) =>
      answerError(error, request, response, requestId, parts.log),
    );
  };
  const server = createServer(serverOptions(parts.timeouts), (request, response) =>
    answer(request, response),
  );
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // The body is asked for once it is read, and not at all where the headers are refused.
    request.once('resume', () => {
      if (!response.headersSent) response.writeContinue();
    });
    answer(request, response);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    answer(request, response, refuseExpectation),
  );
  return {
    server,
    async close() {
      await answers.writtenOut(LAST_WORDS_MS);
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function refuseExpectation(): Promise<void> {
  throw new HttpError(417, 'The header `Expect` may only be `100-continue`.');
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  parts: HttpParts,
) {
  const path = request.url?.split('?', 1)[0];
  // Probes name the address that they know.
  if (path !== '/healthz' && path !== '/readyz') parts.hosts.check(request);
  if (path === '/graphql') {
    if (parts.cors.serve(request, response)) return;
    if (isBrowserVisit(request) && (await parts.playground?.serve(request, response))) return;
    return answerGraphQL(request, response, requestId, parts);
  }
  if (path === '/healthz') return answerJson(response, 200, { status: 'ok' });
  if (path === '/readyz') {
    const ready = await parts.isReady();
    return answerJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready' });
  }
  for (const page of parts.pages) if (await page.serve(request, response)) return;
  throw new HttpError(404, 'There is nothing at this path. GraphQL is at /graphql.');
}

function isBrowserVisit({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && prefersHtml(headers.accept);
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
