import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  gunzip,
  inflate,
  inflateRaw,
} from 'node:zlib';
import { badResponse } from '../errors/gateway-error.js';

/** As `Content-Encoding` names it. */
export type Coding = 'gzip' | 'br' | 'deflate';

/** The coding of a body, asked for or not; null for none, and for words that are none: `identity`, `none`, `utf-8`. */
export function codingOf(header: string | undefined): Coding | null {
  const words = (header ?? '')
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  if (words.includes('gzip') || words.includes('x-gzip')) return 'gzip';
  if (words.includes('br')) return 'br';
  return words.includes('deflate') ? 'deflate' : null;
}

/** A whole body unpacked, to no more than so many bytes. */
export async function unpackWhole(body: Buffer, coding: Coding, maxBytes: number): Promise<Buffer> {
  const unpackers = {
    gzip: gunzip,
    br: brotliDecompress,
    deflate: hasZlibHeader(body) ? inflate : inflateRaw,
  };
  return promisify<Buffer, object, Buffer>(unpackers[coding])(body, { maxOutputLength: maxBytes });
}

/** A body unpacked as it comes. What was packed before it broke off is yielded before its error is thrown. */
export async function* unpack(source: AsyncIterable<Buffer>, coding: Coding): AsyncGenerator<Buffer, void> {
  const chunks = source[Symbol.asyncIterator]();
  const first: IteratorResult<Buffer, void> = await chunks.next();
  if (first.done) return;
  const unpacking = openUnpacking(coding, first.value);
  let failure: unknown;
  const feed = async () => {
    try {
      for (
        let next: IteratorResult<Buffer, void> = first;
        !next.done && !unpacking.destroyed;
        next = await chunks.next()
      ) {
        if (!unpacking.write(next.value)) await once(unpacking, 'drain');
      }
    } catch (error) {
      failure = error;
    }
    unpacking.end();
  };
  const feeding = feed();
  try {
    for await (const bytes of unpacking) yield bytes;
  } catch (error) {
    throw badResponse('it cannot be unpacked', { cause: error });
  } finally {
    unpacking.destroy();
    await chunks.return?.();
  }
  await feeding;
  if (failure) throw failure;
}

/** A body that was cut off is unpacked as far as it goes; whether it is whole, its events tell. */
function openUnpacking(coding: Coding, first: Buffer): Transform {
  const cutOff = { finishFlush: constants.Z_SYNC_FLUSH };
  if (coding === 'gzip') return createGunzip(cutOff);
  if (coding === 'br') return createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH });
  return hasZlibHeader(first) ? createInflate(cutOff) : createInflateRaw(cutOff);
}

/** `deflate` means zlib's format (RFC 9110, 8.4.1.2); some servers leave its header out. */
function hasZlibHeader([first = 0]: Buffer): boolean {
  return (first & 0x0f) === 8;
}
