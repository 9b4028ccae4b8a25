import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { RequestContext } from '../request-context.js';
import type { OperationRequest, Operations } from './operations.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const GRAPHQL_TYPE = 'application/graphql-response+json; charset=utf-8';

/** What nearly every client sends; what weighs media types against each other is Apollo Server's to read. */
const TYPES = new Map<string | undefined, string>([
  [undefined, JSON_TYPE],
  ['*/*', JSON_TYPE],
  ['application/json', JSON_TYPE],
  ['application/graphql-response+json', GRAPHQL_TYPE],
  // Apollo Client's.
  ['application/graphql-response+json,application/json;q=0.9', GRAPHQL_TYPE],
]);

/** The media type of the answer to a plain POST; undefined for any other request. */
export function plainPostType({ method, headers }: IncomingMessage): string | undefined {
  return method === 'POST' ? TYPES.get(headers.accept) : undefined;
}

/**
 * The way of nearly every operation, past Apollo Server, whose reading of a request and writing of an answer cost as
 * much as running the operation. Both give the same answers: their tests run against both.
 */
export async function answerPlainPost(
  response: ServerResponse,
  type: string,
  operations: Operations,
  request: OperationRequest,
  context: RequestContext,
): Promise<void> {
  const result = await operations.run(request, context);
  const text = JSON.stringify(result);
  response
    .writeHead('data' in result ? 200 : statusOfRefusal(result, type === GRAPHQL_TYPE), {
      'cache-control': 'no-store',
      'content-type': type,
      'content-length': Buffer.byteLength(text),
    })
    .end(text);
}

/**
 * GraphQL over HTTP has refused documents answered with 200 where the client takes `application/json` only. What may
 * be tried again is refused by a server that is about to end.
 */
export function statusOfRefusal({ errors = [] }: ExecutionResult, wantsStatus: boolean): number {
  if (errors.some(({ extensions }) => extensions.retryable === true)) return 503;
  return wantsStatus ? 400 : 200;
}
