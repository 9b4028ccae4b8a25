import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFile } from '../config/package-files.js';
import type { Page } from '../transports/http/server.js';
import { type PageFile, sendPageFile, toPageFile } from './page-files.js';

const BUILT = fileURLToPath(packageFile('examples/web/dist/'));

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page loads its own files and talks to this server only. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const NOT_BUILT = 'The example page is not built yet: run `npm run build`, then load this again.\n';

export function isChatPageBuilt(): boolean {
  return existsSync(join(BUILT, 'index.html'));
}

/** The built chat page at `/`. Its files are read once, with the first request: no path of a request reaches the disk. */
export class ChatPage implements Page {
  private files: Promise<Map<string, PageFile>> | undefined;

  constructor(private readonly folder = BUILT) {}

  async serve(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const path = request.url?.split('?', 1)[0] ?? '/';
    const files = await this.read();
    const file = files.get(path);
    if (!file && !(path === '/' && files.size === 0)) return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
    } else if (!file) {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end(NOT_BUILT);
    } else {
      await sendPageFile(file, request, response);
    }
    return true;
  }

  /** If nothing is built yet, the next request tries again. */
  private async read(): Promise<Map<string, PageFile>> {
    this.files ??= readFiles(this.folder);
    const files = await this.files;
    if (files.size === 0) this.files = undefined;
    return files;
  }
}

async function readFiles(folder: string): Promise<Map<string, PageFile>> {
  const files = new Map<string, PageFile>();
  try {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(`/${relative(folder, path).split(sep).join('/')}`, await readPageFile(path));
    }
  } catch (error) {
    // Nothing is built, or a running build has just emptied the folder.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return new Map();
  }
  const index = files.get('/index.html');
  return index ? files.set('/', index) : new Map();
}

async function readPageFile(path: string): Promise<PageFile> {
  return toPageFile(await readFile(path), {
    type: TYPES[extname(path)] ?? 'application/octet-stream',
    caching: path.split(sep).includes('assets') ? 'hashed' : 'page',
    contentSecurityPolicy: CONTENT_SECURITY_POLICY,
  });
}
