import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const SCRIPT = 'text/javascript; charset=utf-8';

/** Browsers keep what a name with a hash stands for, and the page itself they ask for again. */
export const FOREVER = 'public, max-age=31536000, immutable';
export const REVALIDATE = 'no-cache';

/** A file of the page, compressed once. */
export interface PlaygroundFile {
  gzipped: Buffer;
  headers: Record<string, string>;
}

export async function toFile(
  content: string | Buffer,
  type: string,
  cacheControl: string,
): Promise<PlaygroundFile> {
  return {
    gzipped: await promisify(gzip)(content),
    headers: { 'content-type': type, 'cache-control': cacheControl, etag: `"${hashOf(content)}"` },
  };
}

/** The files that the page loads. Each has a hash of its content in its name. */
export class Assets {
  private readonly pending: Promise<[string, PlaygroundFile]>[] = [];

  /**
   * Returns the file's URL for the page. It is relative and only adds to the query, so that the file comes from behind any proxy that
   * serves the page, whatever path it has there.
   */
  add(name: string, content: string | Buffer, type = SCRIPT): string {
    const [stem, extension] = name.split('.');
    const hashed = `${stem}-${hashOf(content).slice(0, 10)}.${extension}`;
    this.pending.push(toFile(content, type, FOREVER).then((file) => [hashed, file]));
    return `?asset=${hashed}`;
  }

  async compressed(): Promise<Map<string, PlaygroundFile>> {
    return new Map(await Promise.all(this.pending));
  }
}

function hashOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('base64url');
}
