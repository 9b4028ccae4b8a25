import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult, GraphQLError } from 'graphql';
import { shuttingDown } from '../../errors.js';
import type { PreparedOperation } from '../../operations/operations.js';
import type { RequestContext, StreamPosition } from '../../request-context.js';
import { HttpError } from '../http-error.js';
import type { TransportOptions } from '../options.js';
import type { ApolloRunner } from './apollo.js';
import { sendEventStream } from './event-stream.js';
import { type Accepted, acceptedBy } from './media-types.js';
import { readOperation, refuseSimpleGet } from './operation-request.js';
import { sendResult } from './responses.js';

export interface GraphQLOptions extends TransportOptions {
  apollo: ApolloRunner;
}

/** One request in progress. */
interface Exchange {
  method: 'GET' | 'POST';
  accepted: Accepted;
  response: ServerResponse;
  context: RequestContext;
}

/** Serves a request of GraphQL over HTTP; throws where it is refused. */
export async function serveGraphQL(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  options: GraphQLOptions,
): Promise<void> {
  const method = methodOf(request);
  refuseSimpleGet(request);
  const accepted = negotiate(request);
  const { prepared, context } = await prepare(request, requestId, options);
  abandonOnDisconnect(response, context);
  return run(prepared, { method, accepted, response, context }, options);
}

/** A separate function, so that the request's body can be collected while the operation runs. */
async function prepare(
  request: IncomingMessage,
  requestId: string,
  { operations, documents, identify, newContext, maxBodyBytes }: GraphQLOptions,
) {
  const operation = await readOperation(request, documents, maxBodyBytes);
  if (operations.isDraining) throw shuttingDown();
  const context = newContext(await identify(request.headers.authorization), requestId);
  context.resumedFrom = positionIn(request.headers['last-event-id']);
  return { context, prepared: operations.prepare(operation, context) };
}

/** `<runId>:<seq>`, as `eventIdOf` writes it. */
function positionIn(lastEventId: string | string[] | undefined): StreamPosition | undefined {
  const [, runId, seq] = /^([\w-]{1,64}):(\d{1,9})$/.exec(String(lastEventId)) ?? [];
  return runId === undefined ? undefined : { runId, seq: Number(seq) };
}

function eventIdOf({ position }: RequestContext): string | undefined {
  return position && `${position.runId}:${position.seq}`;
}

function methodOf({ method }: IncomingMessage): Exchange['method'] {
  if (method === 'GET' || method === 'POST') return method;
  throw new HttpError(405, 'Send the operation by POST, or a query by GET.', { allow: 'GET, POST' });
}

function negotiate({ headers }: IncomingMessage): Accepted {
  const accepted = acceptedBy(headers.accept);
  if (accepted) return accepted;
  throw new HttpError(
    406,
    'Accept `application/json`, `application/graphql-response+json` or, for streams, `text/event-stream`.',
  );
}

function abandonOnDisconnect(response: ServerResponse, context: RequestContext): void {
  // Its close event has been emitted already.
  if (response.destroyed) context.abandon();
  response.once('close', () => {
    if (!response.writableFinished) context.abandon();
  });
}

async function run(
  prepared: PreparedOperation | GraphQLError[],
  { method, accepted, response, context }: Exchange,
  { operations, apollo, keepAliveMs, timeouts: { stalledMs } }: GraphQLOptions,
): Promise<void> {
  const stream = (results: AsyncIterable<ExecutionResult> | ExecutionResult[]) =>
    sendEventStream(response, results, { keepAliveMs, stalledMs }, () => eventIdOf(context));
  if (Array.isArray(prepared)) {
    const refused = { errors: prepared };
    return accepted.streams === 'everything'
      ? stream([refused])
      : sendResult(response, accepted.type, refused);
  }
  const { kind } = prepared.operation;
  if (method === 'GET' && kind === 'mutation') {
    throw new HttpError(405, 'Send mutations by POST.', { allow: 'POST' });
  }
  const isStreamed =
    kind === 'subscription' ? accepted.streams !== 'nothing' : accepted.streams === 'everything';
  if (isStreamed) return stream(operations.stream(prepared, context));
  const runner = method === 'GET' ? apollo : operations;
  sendResult(response, accepted.type, await runner.run(prepared, context));
}
