import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { AppError, badUserInput, toAppError, toGraphQLError } from '../../errors.js';
import { HttpError } from '../http-error.js';
import { discardRest, isBodyPending } from './body.js';
import { acceptedBy, GRAPHQL_TYPE, JSON_TYPE } from './media-types.js';

/** Writes the whole result of an operation. */
export function answerResult(response: ServerResponse, type: string, result: ExecutionResult): void {
  const text = JSON.stringify(result);
  const status = 'data' in result ? 200 : statusOfRefusal(result, type);
  response.writeHead(status, headersOf(type, text)).end(text);
}

/** Answers a request that failed before it had a result, the same for every path and transport. */
export async function answerError(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  log: Logger,
): Promise<void> {
  const { status, headers } = read(error);
  const errors = toErrors(error, requestId, log);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const type = acceptedBy(request.headers.accept)?.type ?? JSON_TYPE;
  const text = JSON.stringify({ errors });
  if (!isBodyPending(request)) {
    response.writeHead(status, { ...headersOf(type, text), ...headers }).end(text);
    return;
  }
  response.writeHead(status, { ...headersOf(type, text), ...headers, connection: 'close' }).write(text);
  // Closing a connection with unread bytes resets it, and the client might never read the answer.
  await discardRest(request);
  response.end();
}

/** What the caller is told of an error that ends one operation on a connection that goes on. */
export function toErrors(error: unknown, requestId: string, log: Logger): GraphQLError[] {
  logUnexpected(error, requestId, log);
  return [toGraphQLError(read(error).failure, requestId)];
}

function read(error: unknown) {
  if (error instanceof HttpError) {
    const { status, headers, message } = error;
    return { status, headers, failure: badUserInput(message) };
  }
  const failure = toAppError(error);
  return { status: failure.retryable ? 503 : 500, headers: {}, failure };
}

function logUnexpected(error: unknown, requestId: string, log: Logger): void {
  if (error instanceof HttpError || error instanceof AppError) return;
  log.error({ requestId, err: error }, 'a request failed');
}

/** Answers hold what callers asked and were told: nothing on the way may keep them. */
function headersOf(type: string, text: string) {
  return { 'cache-control': 'no-store', 'content-type': type, 'content-length': Buffer.byteLength(text) };
}

/**
 * GraphQL over HTTP has refused documents answered with 200 where the client takes `application/json` only. What may
 * be tried again is refused by a server that is about to end.
 */
function statusOfRefusal({ errors = [] }: ExecutionResult, type: string): number {
  if (errors.some(({ extensions }) => extensions.retryable === true)) return 503;
  return type === GRAPHQL_TYPE ? 400 : 200;
}
