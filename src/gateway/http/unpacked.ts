import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  gunzip,
  inflate,
  inflateRaw,
} from 'node:zlib';
import { badResponse, cutShort } from '../errors/gateway-error.js';

/** As `Content-Encoding` names it. */
export type Coding = 'gzip' | 'br' | 'deflate';

/** Bytes that may wait for the reader. */
const HIGH_WATER = 65_536;

/** What is read of an answer as it comes. */
export interface ByteSource {
  /** Whether `take` has something to give, be it the end. */
  readonly isReady: boolean;
  /** Has `read` called whenever it has. */
  follow(read: () => void): void;
  /** The bytes that have come; undefined at the end. Throws what they broke off with. */
  take(): Buffer | undefined;
}

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
  const ways = { gzip: gunzip, br: brotliDecompress, deflate: hasZlibHeader(body) ? inflate : inflateRaw };
  return promisify<Buffer, object, Buffer>(ways[coding])(body, { maxOutputLength: maxBytes });
}

/** A body that is unpacked as it comes. */
export class Unpacked implements ByteSource {
  private stream: Transform | undefined;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private isOver = false;
  private failure: unknown;
  /** The unpacking takes no more packed bytes for now. */
  private isFull = false;
  private isSourceOver = false;
  private onMore: () => void = () => undefined;

  constructor(
    private readonly source: ByteSource,
    private readonly coding: Coding,
  ) {}

  get isReady(): boolean {
    return this.waiting.length > 0 || this.isOver;
  }

  follow(read: () => void): void {
    this.onMore = read;
    this.source.follow(() => this.pump());
  }

  take(): Buffer | undefined {
    if (this.waiting.length > 0) {
      const bytes = Buffer.concat(this.waiting);
      this.waiting = [];
      this.waitingBytes = 0;
      this.stream?.resume();
      return bytes;
    }
    if (this.failure) throw this.failure;
    return undefined;
  }

  /** Nobody reads any more. */
  destroy(): void {
    this.isSourceOver = true;
    this.stream?.destroy();
  }

  private pump(): void {
    while (this.source.isReady && !this.isFull && !this.isSourceOver) {
      try {
        const bytes = this.source.take();
        if (bytes === undefined) this.endSource();
        else this.feed(bytes);
      } catch (error) {
        this.endSource(error);
      }
    }
  }

  private feed(bytes: Buffer): void {
    this.stream ??= this.open(bytes);
    this.isFull = !this.stream.write(bytes);
  }

  /** What was packed before it broke off is unpacked before that is said. */
  private endSource(failure?: unknown): void {
    this.isSourceOver = true;
    this.failure = failure;
    if (this.stream) this.stream.end();
    else this.end();
  }

  private open(first: Buffer): Transform {
    const inflates = hasZlibHeader(first) ? createInflate : createInflateRaw;
    const stream = { gzip: createGunzip, br: createBrotliDecompress, deflate: inflates }[this.coding]();
    return stream
      .on('data', (bytes: Buffer) => {
        this.waiting.push(bytes);
        this.waitingBytes += bytes.length;
        if (this.waitingBytes > HIGH_WATER) stream.pause();
        this.onMore();
      })
      .on('drain', () => {
        this.isFull = false;
        this.pump();
      })
      .on('end', () => this.end())
      .on('error', (error: NodeJS.ErrnoException) => {
        const isCut = error.code === 'Z_BUF_ERROR';
        this.end(isCut ? cutShort(error) : badResponse('it cannot be unpacked', { cause: error }));
      });
  }

  private end(failure?: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.isSourceOver = true;
    this.failure ??= failure;
    this.onMore();
  }
}

/** `deflate` means zlib's format (RFC 9110, 8.4.1.2); some servers leave its header out. */
function hasZlibHeader([first = 0]: Buffer): boolean {
  return (first & 0x0f) === 8;
}
