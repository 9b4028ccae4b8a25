import { hashOf, type PageFile, toPageFile } from '../page-files.js';

const SCRIPT = 'text/javascript; charset=utf-8';

/** The files that the page loads. Each has a hash of its content in its name. */
export class Assets {
  private readonly pending: Promise<[string, PageFile]>[] = [];

  constructor(private readonly contentSecurityPolicy: string) {}

  /**
   * Returns the file's URL for the page. It is relative and only adds to the query, so that the file comes from behind any proxy that
   * serves the page, whatever path it has there.
   */
  add(name: string, content: string | Buffer, type = SCRIPT): string {
    const [stem, extension] = name.split('.');
    const hashed = `${stem}-${hashOf(content).slice(0, 10)}.${extension}`;
    const options = { type, caching: 'hashed', contentSecurityPolicy: this.contentSecurityPolicy } as const;
    this.pending.push(toPageFile(content, options).then((file) => [hashed, file]));
    return `?asset=${hashed}`;
  }

  async compressed(): Promise<Map<string, PageFile>> {
    return new Map(await Promise.all(this.pending));
  }
}
