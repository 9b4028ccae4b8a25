import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { AppError, badUserInput, toAppError, toGraphQLError } from '../../errors.js';
import { HttpError } from '../http-error.js';
import { discardRest, isBodyPending } from './body.js';
import { acceptedBy, GRAPHQL_TYPE, JSON_TYPE } from './media-types.js';

/** Sends the whole result of an operation. */
export function sendResult(response: ServerResponse, type: string, result: ExecutionResult): void {
  const text = JSON.stringify(result);
  const status = 'data' in result ? 200 : statusOfRefusal(result, type);
  response.writeHead(status, headersOf(type, text)).end(text);
}

/** Responds to a request that failed before it had a result, the same for every path and transport. */
export async function sendError(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  log: Logger,
): Promise<void> {
  const errors = toErrors(error, requestId, log);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, headers } = read(error);
  const type = acceptedBy(request.headers.accept)?.type ?? JSON_TYPE;
  const text = JSON.stringify({ errors });
  const isPending = isBodyPending(request);
  response.writeHead(status, {
    ...headersOf(type, text),
    ...headers,
    ...(isPending && { connection: 'close' }),
  });
  response.write(text);
  // Closing a connection with unread bytes resets it, and the client might never read the response.
  if (isPending) await discardRest(request);
  response.end();
}

/** The errors as the client may see them; unexpected ones are logged. */
export function toErrors(error: unknown, requestId: string, log: Logger): GraphQLError[] {
  const isExpected = error instanceof HttpError || error instanceof AppError;
  if (!isExpected) log.error({ requestId, err: error }, 'a request failed');
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

/** Responses hold prompts and answers: no cache on the way may keep them. */
function headersOf(type: string, text: string) {
  return { 'cache-control': 'no-store', 'content-type': type, 'content-length': Buffer.byteLength(text) };
}

/**
 * GraphQL over HTTP wants 200 for a refused document where the client accepts `application/json` only. Retryable refusals come
 * from a server that is shutting down.
 */
function statusOfRefusal({ errors = [] }: ExecutionResult, type: string): number {
  if (errors.some(({ extensions }) => extensions.retryable === true)) return 503;
  return type === GRAPHQL_TYPE ? 400 : 200;
}
