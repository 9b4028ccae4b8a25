import { pipeline, type Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { badResponse } from '../errors/gateway-error.js';

/** As `Content-Encoding` names it. */
export type Coding = 'gzip' | 'br' | 'deflate';

/** The coding of a body; null for none, and for words that name none: `identity`, `none`, `utf-8`. */
export function codingOf(header = ''): Coding | null {
  const words = header
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  if (words.includes('gzip') || words.includes('x-gzip')) return 'gzip';
  if (words.includes('br')) return 'br';
  return words.includes('deflate') ? 'deflate' : null;
}

/** Unpacks a body as it comes. Yields what arrived before an interruption, then throws its error. */
export async function* unpack(
  body: AsyncIterableIterator<Buffer>,
  coding: Coding,
): AsyncGenerator<Buffer, void, void> {
  const first = await body.next();
  if (first.done) return;
  let failure: unknown;
  async function* packed() {
    yield first.value as Buffer;
    try {
      yield* body;
    } catch (error) {
      failure = error;
    }
  }
  try {
    yield* pipeline(packed(), unpacker(coding, first.value), () => undefined);
  } catch (error) {
    throw badResponse('it cannot be unpacked', { cause: error });
  }
  if (failure) throw failure;
}

/** Decompresses a truncated body as far as it goes; the reader detects the missing end. */
function unpacker(coding: Coding, first: Buffer): Transform {
  if (coding === 'br') return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH });
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  if (coding === 'gzip') return createGunzip(options);
  return hasZlibHeader(first) ? createInflate(options) : createInflateRaw(options);
}

/** `deflate` means the zlib format (RFC 9110, 8.4.1.2); some servers leave out its header. */
function hasZlibHeader([first = 0]: Buffer): boolean {
  return (first & 0x0f) === 8;
}
