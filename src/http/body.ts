import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { joinCohort } from '../cohort.js';
import { AppError } from '../errors.js';
import type { DocumentRequest, Documents } from '../limits/trusted-documents.js';
import { wantsEventStream } from './event-stream.js';
import { HttpError } from './http-error.js';
import type { OperationRequest } from './operations.js';

const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-?8"?\s*)?(;.*)?$/i;
const OTHER_CHARSET = /charset\s*=\s*"?(?!utf-?8)/i;

/** The request's JSON body; refuses other types and charsets, and more than `maxBytes`. */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const {
    'content-type': type = '',
    'content-encoding': encoding,
    'content-length': length,
  } = request.headers;
  if (
    !JSON_TYPE.test(type) ||
    OTHER_CHARSET.test(type) ||
    (encoding !== undefined && encoding !== 'identity')
  ) {
    throw new HttpError(
      415,
      'Send the operation as `Content-Type: application/json`, in UTF-8, not compressed.',
    );
  }
  if (Number(length) > maxBytes) throw tooLarge(maxBytes);
  const body = await readBytes(request, maxBytes);
  if (!isUtf8(body)) throw new HttpError(400, 'The body is not valid UTF-8.');
  return parseJson(body.toString('utf8'));
}

/** The body's operation, for transports that Apollo Server does not read. */
export function toOperationRequest(body: unknown, documents: Documents): OperationRequest {
  const { operationName, variables, ...named } = isObject(body) ? body : {};
  if (named.extensions != null && !isObject(named.extensions))
    throw new HttpError(400, '`extensions` must be an object.');
  const query = textOf(named, documents);
  if (typeof query !== 'string' || query === '')
    throw new HttpError(400, 'The body needs a `query`, a text.');
  if (operationName != null && typeof operationName !== 'string') {
    throw new HttpError(400, '`operationName` must be a text.');
  }
  if (variables != null && !isObject(variables)) throw new HttpError(400, '`variables` must be an object.');
  return { document: query, operationName, variables };
}

/** The body with the text that it names, for Apollo Server, which takes no other. */
export function withDocument(body: unknown, documents: Documents): unknown {
  if (!isObject(body)) return body;
  const query = textOf(body, documents);
  // It would take a hash in there for a request of its own persisted queries.
  return isObject(body.extensions) ? { ...body, query, extensions: {} } : { ...body, query };
}

/** The same for the parameters of a GET. */
export function withDocumentInSearch(search: string, documents: Documents): string {
  const parameters = new URLSearchParams(search);
  const [query, documentId, extensions] = ['query', 'documentId', 'extensions'].map((name) =>
    parameters.get(name),
  );
  if (query || (documentId === null && extensions === null)) return search;
  const text = textOf({ documentId, extensions: extensions && parseJson(extensions) }, documents);
  if (typeof text !== 'string') return search;
  parameters.set('query', text);
  parameters.delete('extensions');
  return `?${parameters}`;
}

function textOf(request: DocumentRequest, documents: Documents): unknown {
  try {
    return documents.textOf(request);
  } catch (error) {
    throw error instanceof AppError ? new HttpError(400, error.message) : error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, 'This is not valid JSON.');
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        request.pause();
        reject(tooLarge(maxBytes));
      } else chunks.push(chunk);
    });
    request.on('end', () => {
      const body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
      // Its first event does not wait for what else this turn brings.
      if (wantsEventStream(request)) resolve(body);
      else joinCohort(() => resolve(body));
      // The request keeps this function, and with it the bytes, until it is answered.
      chunks.length = 0;
    });
    request.on('error', () => reject(new HttpError(400, 'The body was cut short.')));
    request.on('close', () => {
      // Every request closes; an error that nobody needs costs a stack trace.
      if (!request.complete) reject(new HttpError(400, 'The body was cut short.'));
    });
  });
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, `The body is larger than ${maxBytes} bytes.`);
}
