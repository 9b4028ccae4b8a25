import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { AppError, badUserInput, shuttingDown, toAppError, toGraphQLError } from '../errors.js';
import type { Documents } from '../limits/trusted-documents.js';
import type { Identify, NewContext } from '../request-context.js';
import type { ApolloWay } from './apollo-way.js';
import { readJsonBody, toOperationRequest, withDocument, withDocumentInSearch } from './body.js';
import type { Cors } from './cors.js';
import { answerEventStream, wantsEventStream } from './event-stream.js';
import type { ExamplePage } from './example-page.js';
import { HttpError } from './http-error.js';
import type { MetricsPage } from './metrics-page.js';
import { OpenAnswers } from './open-answers.js';
import { LAST_WORDS_MS, type Operations } from './operations.js';
import { answerPlainPost, plainPostType } from './plain-post.js';
import type { Playground } from './playground.js';
import { serverOptions, type Timeouts } from './timeouts.js';

export interface HttpParts {
  apollo: ApolloWay;
  operations: Operations;
  documents: Documents;
  cors: Cors;
  timeouts: Timeouts;
  /** undefined: none is served. */
  playground: Playground | undefined;
  /** undefined: none is served. */
  examplePage: ExamplePage | undefined;
  identify: Identify;
  newContext: NewContext;
  log: Logger;
  metrics: MetricsPage;
  maxBodyBytes: number;
  /** Milliseconds between the signs of life on a quiet stream. */
  keepAliveMs: number;
  /** Whether new work may be sent here. */
  isReady: () => Promise<boolean>;
}

export interface HttpServer {
  server: Server;
  /** Lets the answers that there are be written out, and closes every connection. */
  close(): Promise<void>;
}

/** The one HTTP server: GraphQL, playground and health. */
export function createHttpServer(parts: HttpParts): HttpServer {
  const answers = new OpenAnswers();
  const server = createServer(serverOptions(parts.timeouts), (request, response) => {
    answers.add(response);
    const requestId = randomUUID();
    response.setHeader('x-request-id', requestId);
    // The caller's next request is another server's.
    if (parts.operations.isDraining) response.setHeader('connection', 'close');
    route(request, response, requestId, parts).catch((error: unknown) =>
      answerError(error, response, requestId, parts),
    );
  });
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

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  parts: HttpParts,
) {
  const path = request.url?.split('?', 1)[0];
  if (path === '/graphql') {
    if (parts.cors.serve(request, response)) return;
    if (parts.playground && isBrowserVisit(request)) return parts.playground.serve(request, response);
    return answerGraphQL(request, response, requestId, parts);
  }
  if (path === '/healthz') return answerJson(response, 200, { status: 'ok' });
  if (path === '/readyz') {
    const ready = await parts.isReady();
    return answerJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready' });
  }
  if (await parts.examplePage?.serve(request, response)) return;
  if (path === '/metrics' && (await parts.metrics.serve(request, response))) return;
  throw new HttpError(404, 'There is nothing at this path. GraphQL is at /graphql.');
}

function isBrowserVisit({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && (headers.accept ?? '').includes('text/html');
}

async function answerGraphQL(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  parts: HttpParts,
) {
  const body = request.method === 'POST' ? await readJsonBody(request, parts.maxBodyBytes) : undefined;
  if (parts.operations.isDraining) throw shuttingDown();
  const caller = await parts.identify(request.headers.authorization);
  const context = parts.newContext(caller, requestId);
  // Nobody is told of a close that was before.
  if (response.destroyed) context.abandon();
  // Who has it all has not left: the error for that would be made for nobody.
  response.once('close', () => {
    if (!response.writableFinished) context.abandon();
  });
  if (wantsEventStream(request)) {
    const operation = toOperationRequest(body, parts.documents);
    return answerEventStream(response, (give) => parts.operations.stream(operation, context, give), {
      keepAliveMs: parts.keepAliveMs,
      stalledMs: parts.timeouts.stalledMs,
    });
  }
  const plainType = plainPostType(request);
  if (plainType) {
    const operation = toOperationRequest(body, parts.documents);
    return answerPlainPost(response, plainType, parts.operations, operation, context);
  }
  const search = withDocumentInSearch(
    new URL(request.url ?? '/', 'http://localhost').search,
    parts.documents,
  );
  await parts.apollo.answer(request, response, search, withDocument(body, parts.documents), context);
}

function answerError(error: unknown, response: ServerResponse, requestId: string, { log }: HttpParts): void {
  const isRefusal = error instanceof HttpError;
  if (!isRefusal && !(error instanceof AppError)) log.error({ requestId, err: error }, 'a request failed');
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const failure = isRefusal ? badUserInput(error.message) : toAppError(error);
  const status = isRefusal ? error.status : failure.retryable ? 503 : 500;
  // What is left of a refused body is not read, so the connection cannot serve another request.
  response.setHeader('connection', 'close');
  answerJson(response, status, { errors: [toGraphQLError(failure, requestId)] });
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
