import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { GrowingBuffer } from '../../util/growing-buffer.js';
import { HttpError } from '../http-error.js';
import { isJson } from './media-types.js';

/** Bytes of a refused body that are read and discarded; the connection of a client that sends more is closed. */
const MAX_DISCARDED_BYTES = 67_108_864;
/** Milliseconds that a client gets to finish sending a refused body. */
const DISCARD_MS = 10_000;

/** The request's JSON body; refuses other types and charsets, and more than `maxBytes`. */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = request.headers;
  if (!isJson(type) || !/^(identity)?$/i.test(encoding ?? '')) {
    throw new HttpError(
      415,
      'Send the operation as `Content-Type: application/json`, in UTF-8, not compressed.',
    );
  }
  if (Number(length) > maxBytes) throw tooLarge(maxBytes);
  const body = await readBytes(request, maxBytes);
  if (!isUtf8(body)) throw new HttpError(400, 'The body is not valid UTF-8.');
  const text = body.toString('utf8');
  // Some clients begin with a byte order mark, which JSON.parse refuses.
  return parseJson(text.startsWith('\uFEFF') ? text.slice(1) : text, 'The body');
}

/** Whether some of the request's body has not been received yet. */
export function isBodyPending({ complete, headers }: IncomingMessage): boolean {
  return !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0);
}

/** Reads and discards the rest of a refused body, up to a number of bytes and a time. */
export function discardRest(request: IncomingMessage): Promise<void> {
  // The client waits for a `100 Continue` that it does not get, and sends nothing.
  const isHeldBack = request.headers.expect !== undefined && request.readableFlowing === null;
  if (isHeldBack || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, DISCARD_MS);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_DISCARDED_BYTES) done();
    });
    request.on('end', done).on('close', done).on('error', done);
  });
}

function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const bytes = new GrowingBuffer();
    const cutShort = () => {
      // An error for each complete request would cost a stack trace that nobody needs.
      if (!request.complete) reject(new HttpError(400, 'The body was cut short.'));
    };
    const append = (chunk: Buffer) => {
      if (bytes.length + chunk.length <= maxBytes) return bytes.append(chunk);
      request.off('data', append);
      bytes.take();
      reject(tooLarge(maxBytes));
    };
    request.on('data', append);
    // Requests that arrive in one turn of the event loop run one after the other, on warm caches.
    request.on('end', () => setImmediate(resolve, bytes.take()));
    request.on('error', cutShort).on('close', cutShort);
  });
}

export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, `${what} is not valid JSON.`);
  }
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, `The body is larger than ${maxBytes} bytes.`);
}
