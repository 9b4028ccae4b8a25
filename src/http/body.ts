import type { IncomingMessage } from 'node:http';
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
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new HttpError(400, 'The body is not valid JSON.');
  }
}

/** The body's operation, for transports that Apollo Server does not read. */
export function toOperationRequest(body: unknown): OperationRequest {
  const { query, operationName, variables } = isObject(body) ? body : {};
  if (typeof query !== 'string' || query === '')
    throw new HttpError(400, 'The body needs a `query`, a text.');
  if (operationName != null && typeof operationName !== 'string') {
    throw new HttpError(400, '`operationName` must be a text.');
  }
  if (variables != null && !isObject(variables)) throw new HttpError(400, '`variables` must be an object.');
  return { document: query, operationName, variables };
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
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => reject(new HttpError(400, 'The body was cut short.')));
  });
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, `The body is larger than ${maxBytes} bytes.`);
}
