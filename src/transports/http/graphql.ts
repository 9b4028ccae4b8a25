import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { shuttingDown } from '../../errors.js';
import type { Operations, PreparedOperation } from '../../operations/operations.js';
import type { Documents } from '../../operations/trusted-documents.js';
import type { Identify, NewContext, RequestContext } from '../../request-context.js';
import type { Make } from '../../util/pushed.js';
import { HttpError } from '../http-error.js';
import type { Timeouts } from '../timeouts.js';
import { answerResult, toErrors } from './answers.js';
import type { ApolloWay } from './apollo-way.js';
import { answerEventStream } from './event-stream.js';
import { type Accepted, acceptedBy } from './media-types.js';
import { readOperation, refuseSimpleGet } from './operation-request.js';

export interface GraphQLParts {
  apollo: ApolloWay;
  operations: Operations;
  documents: Documents;
  timeouts: Timeouts;
  identify: Identify;
  newContext: NewContext;
  log: Logger;
  maxBodyBytes: number;
  /** Milliseconds between the signs of life on a quiet stream. */
  keepAliveMs: number;
}

/** One request in progress. */
interface Exchange {
  method: 'GET' | 'POST';
  accepted: Accepted;
  response: ServerResponse;
  context: RequestContext;
}

/** Answers a request of GraphQL over HTTP; what it throws is a refusal, for `answerError`. */
export async function answerGraphQL(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  parts: GraphQLParts,
): Promise<void> {
  const method = methodOf(request);
  refuseSimpleGet(request);
  const accepted = negotiate(request);
  const { prepared, context } = await prepare(request, requestId, accepted, parts);
  endWith(response, context);
  return run(prepared, { method, accepted, response, context }, parts);
}

/** In a function of its own, so that what was sent is let go of once it is read: it may be larger than what is needed of it. */
async function prepare(
  request: IncomingMessage,
  requestId: string,
  accepted: Accepted,
  { operations, documents, identify, newContext, maxBodyBytes }: GraphQLParts,
) {
  const operation = await readOperation(request, documents, {
    maxBytes: maxBodyBytes,
    inCohort: accepted.streams !== 'everything',
  });
  if (operations.isDraining) throw shuttingDown();
  const context = newContext(await identify(request.headers.authorization), requestId);
  return { context, prepared: operations.prepare(operation, context) };
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

function endWith(response: ServerResponse, context: RequestContext): void {
  // Nobody is told of a close that was before.
  if (response.destroyed) context.abandon();
  // Who has it all has not left: the error for that would be made for nobody.
  response.once('close', () => {
    if (!response.writableFinished) context.abandon();
  });
}

async function run(
  prepared: PreparedOperation | GraphQLError[],
  exchange: Exchange,
  parts: GraphQLParts,
): Promise<void> {
  const { method, accepted, response, context } = exchange;
  if (Array.isArray(prepared)) {
    const refused = { errors: prepared };
    if (accepted.streams !== 'everything') return answerResult(response, accepted.type, refused);
    return stream(async (give) => give(refused), exchange, parts);
  }
  const { operations, apollo } = parts;
  const { kind } = prepared.operation;
  if (method === 'GET' && kind === 'mutation') {
    throw new HttpError(405, 'Send mutations by POST.', { allow: 'POST' });
  }
  const isStreamed = kind === 'subscription' || accepted.streams === 'everything';
  if (isStreamed && accepted.streams !== 'nothing') {
    return stream(
      async (give) => void (await operations.series(prepared, context, give).next()),
      exchange,
      parts,
    );
  }
  const runner = method === 'GET' ? apollo : operations;
  answerResult(response, accepted.type, await runner.run(prepared, context));
}

/** A stream that breaks off says why in its last result. */
function stream(results: Make<ExecutionResult>, exchange: Exchange, parts: GraphQLParts) {
  const { response, context } = exchange;
  const whole: Make<ExecutionResult> = async (give) => {
    try {
      await results(give);
    } catch (error) {
      await give({ errors: toErrors(error, context.requestId, parts.log) });
    }
  };
  return answerEventStream(response, whole, {
    keepAliveMs: parts.keepAliveMs,
    stalledMs: parts.timeouts.stalledMs,
  });
}
