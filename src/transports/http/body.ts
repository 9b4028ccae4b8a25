import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { joinCohort } from '../../util/cohort.js';
import { GrowingBuffer } from '../../util/growing-buffer.js';
import { HttpError } from '../http-error.js';
import { isJson } from './media-types.js';

/** Bytes of a refused body that are read and thrown away; whoever sends more is cut off. */
const MAX_DISCARDED_BYTES = 67_108_864;
/** Milliseconds that a client gets to finish sending a refused body. */
const DISCARD_MS = 10_000;

export interface BodyOptions {
  maxBytes: number;
  /** Whether to go on together with the other requests of this turn; the first event of a stream does not wait for them. */
  inCohort: boolean;
}

/** The request's JSON body; refuses other types and charsets, and more than `maxBytes`. */
export async function readJsonBody(request: IncomingMessage, options: BodyOptions): Promise<unknown> {
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = request.headers;
  if (!isJson(type) || !/^(identity)?$/i.test(encoding ?? '')) {
    throw new HttpError(
      415,
      'Send the operation as `Content-Type: application/json`, in UTF-8, not compressed.',
    );
  }
  if (Number(length) > options.maxBytes) throw tooLarge(options.maxBytes);
  const body = await readBytes(request, options);
  if (!isUtf8(body)) throw new HttpError(400, 'The body is not valid UTF-8.');
  return parseBody(body.toString('utf8'));
}

/** Whether some of the request's body has still to come. */
export function isBodyPending({ complete, headers }: IncomingMessage): boolean {
  return !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0);
}

/** Reads what is left of a refused body and throws it away; resolves at its end, or at a bound. */
export function discardRest(request: IncomingMessage): Promise<void> {
  // The client waits for `100 Continue`, which it does not get, and sends nothing.
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

function readBytes(request: IncomingMessage, { maxBytes, inCohort }: BodyOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const bytes = new GrowingBuffer();
    const take = (chunk: Buffer) => {
      if (bytes.length + chunk.length > maxBytes) {
        request.off('data', take);
        bytes.take();
        reject(tooLarge(maxBytes));
      } else bytes.append(chunk);
    };
    request.on('data', take);
    request.on('end', () => {
      // The request keeps this function until it is answered, and must not keep the bytes with it.
      const body = bytes.take();
      if (inCohort) joinCohort(() => resolve(body));
      else resolve(body);
    });
    request.on('error', () => reject(new HttpError(400, 'The body was cut short.')));
    request.on('close', () => {
      // Every request closes; an error that nobody needs costs a stack trace.
      if (!request.complete) reject(new HttpError(400, 'The body was cut short.'));
    });
  });
}

/** Some clients begin with a byte order mark, which JSON.parse does not know. */
function parseBody(text: string): unknown {
  return parseJson(text.startsWith('\uFEFF') ? text.slice(1) : text, 'The body');
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
