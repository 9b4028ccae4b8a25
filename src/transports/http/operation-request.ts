import type { IncomingMessage } from 'node:http';
import { parse } from 'content-type';
import { AppError } from '../../errors.js';
import type { OperationRequest } from '../../operations/operations.js';
import { type Documents, PERSISTED_QUERY_NOT_SUPPORTED } from '../../operations/trusted-documents.js';
import { HttpError } from '../http-error.js';
import { parseJson, readJsonBody } from './body.js';

/** Headers that a page cannot send to another origin without a preflight: Apollo's two, and that of other servers. */
const PREFLIGHT_HEADERS = [
  'apollo-require-preflight',
  'x-apollo-operation-name',
  'graphql-require-preflight',
];

/** Reads the operation of an HTTP request from its body or from the parameters of its URL. */
export async function readOperation(
  request: IncomingMessage,
  documents: Documents,
  maxBodyBytes: number,
): Promise<OperationRequest> {
  const sent =
    request.method === 'POST' ? await readJsonBody(request, maxBodyBytes) : readParameters(request);
  return toOperationRequest(sent, documents);
}

/** Reads an operation that was sent as JSON, over HTTP or a WebSocket. */
export function toOperationRequest(sent: unknown, documents: Documents): OperationRequest {
  if (!isObject(sent))
    throw new HttpError(400, 'Send one operation as a JSON object; batches are not served.');
  const { operationName, variables, ...named } = sent;
  if (named.extensions != null && !isObject(named.extensions))
    throw new HttpError(400, '`extensions` must be an object.');
  const query = textOf(named, documents);
  if (typeof query !== 'string' || query === '')
    throw new HttpError(400, 'Send the text of the operation as a string in `query`.');
  if (operationName != null && typeof operationName !== 'string') {
    throw new HttpError(400, '`operationName` must be a string.');
  }
  if (variables != null && !isObject(variables)) throw new HttpError(400, '`variables` must be an object.');
  return { document: query, operationName: operationName || undefined, variables };
}

/** Refuses a GET that a page of another origin can send without a preflight: a query has its cost, too. */
export function refuseSimpleGet({ method, headers }: IncomingMessage): void {
  if (method !== 'GET') return;
  const hasPreflight =
    parse(headers['content-type'] ?? '').type === 'application/json' ||
    PREFLIGHT_HEADERS.some((name) => headers[name]);
  if (hasPreflight) return;
  throw new HttpError(
    400,
    'Send the operation by POST as `Content-Type: application/json`, or add the header `apollo-require-preflight: true` to this GET. Without either, a page of another origin could send it.',
  );
}

/** Empty parameters count as absent, as GraphQL over HTTP wants it. */
function readParameters({ url = '' }: IncomingMessage): Record<string, unknown> {
  const { searchParams: parameters } = new URL(url, 'http://localhost');
  const text = (name: string) => {
    const [value, ...others] = parameters.getAll(name);
    if (others.length > 0) throw new HttpError(400, `Send the parameter \`${name}\` once.`);
    return value || undefined;
  };
  const json = (name: string) => {
    const value = text(name);
    return value && parseJson(value, `The parameter \`${name}\``);
  };
  return {
    query: text('query'),
    documentId: text('documentId'),
    operationName: text('operationName'),
    variables: json('variables'),
    extensions: json('extensions'),
  };
}

function textOf(named: Record<string, unknown>, documents: Documents): unknown {
  try {
    return documents.textOf(named);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // Apollo's clients expect this error in an ordinary result, and then send the text.
    throw new HttpError(error.message === PERSISTED_QUERY_NOT_SUPPORTED ? 200 : 400, error.message);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
