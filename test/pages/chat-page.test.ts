import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ChatPage } from '../../src/pages/chat-page.js';
import { TestServer } from '../support/server.js';

const SECRET = 'what stands beside the folder';

/** A folder as the build leaves it, with a file beside it that nobody may see. */
class BuiltFolder implements Disposable {
  private readonly root = mkdtempSync(join(tmpdir(), 'example-page-'));
  readonly path = join(this.root, 'dist');

  constructor() {
    writeFileSync(join(this.root, 'secret.txt'), SECRET);
  }

  build(): void {
    mkdirSync(join(this.path, 'assets'), { recursive: true });
    writeFileSync(join(this.path, 'index.html'), '<!doctype html><title>page</title>');
    writeFileSync(join(this.path, 'assets', 'index-abc.js'), 'export {};');
    writeFileSync(join(this.path, 'favicon.svg'), '<svg/>');
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
}

describe('the example page', () => {
  let folder: BuiltFolder;
  let server: ReturnType<typeof createServer>;
  let origin: string;
  beforeEach(async () => {
    folder = new BuiltFolder();
    const page = new ChatPage(folder.path);
    server = createServer(async (incoming, response) => {
      if (!(await page.serve(incoming, response))) response.writeHead(404).end('not its own');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    folder[Symbol.dispose]();
  });

  /** As it stands: fetch would tidy the path up first. */
  async function getRaw(path: string): Promise<{ status: number | undefined; body: string }> {
    const { port } = new URL(origin);
    const sent = request({ host: '127.0.0.1', port, path }).end();
    const [response] = await once(sent, 'response');
    return { status: response.statusCode, body: await text(response) };
  }

  it.each([
    ['/', 'text/html; charset=utf-8', 'no-cache'],
    ['/?x=1', 'text/html; charset=utf-8', 'no-cache'],
    ['/assets/index-abc.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
    ['/favicon.svg', 'image/svg+xml', 'no-cache'],
  ])('serves %s as %s', async (path, type, cacheControl) => {
    folder.build();
    const response = await fetch(origin + path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('cache-control')).toBe(cacheControl);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self';(?!.*unsafe)/,
    );
    expect(response.headers.get('content-encoding')).toBe('gzip');
    const plain = await fetch(origin + path, { headers: { 'accept-encoding': 'gzip;q=0, identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    const content = await plain.text();
    expect(plain.headers.get('content-length')).toBe(String(content.length));
    expect(await response.text()).toBe(content);
  });

  it('sends nothing again to a browser that has it', async () => {
    folder.build();
    const etag = (await fetch(origin)).headers.get('etag') ?? '';
    const again = await fetch(origin, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const other = await fetch(`${origin}/favicon.svg`, { headers: { 'if-none-match': etag } });
    expect(other.status).toBe(200);
  });

  it('answers HEAD without the content, and refuses to change anything', async () => {
    folder.build();
    for (const [encoding, length] of [
      ['identity', '34'],
      ['gzip', expect.stringMatching(/^\d+$/)],
    ]) {
      const head = await fetch(origin, { method: 'HEAD', headers: { 'accept-encoding': encoding } });
      expect([head.status, await head.text()]).toEqual([200, '']);
      expect(head.headers.get('content-length')).toEqual(length);
    }
    const post = await fetch(origin, { method: 'POST', body: 'x' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it.each([
    '/secret.txt',
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '//etc/passwd',
    '/assets',
    '/assets/',
    '/index.html/..',
    '/__proto__',
  ])('leaves %s to others', async (path) => {
    folder.build();
    expect(await getRaw(path)).toEqual({ status: 404, body: 'not its own' });
  });

  it('says how it is built where it is not, and is there once it is', async () => {
    const before = await fetch(origin);
    expect(before.status).toBe(404);
    expect(await before.text()).toMatch(/^[^\n]*`npm run build`[^\n]*\n$/);
    expect((await fetch(`${origin}/assets/index-abc.js`)).status).toBe(404);
    folder.build();
    expect((await fetch(origin)).status).toBe(200);
  });
});

describe('the server', () => {
  it('has the example page at / only while PLAYGROUND is on', async () => {
    await using open = await TestServer.start();
    expect((await fetch(open.origin)).headers.get('content-type')).toMatch(/^text\//);
    expect((await fetch(`${open.origin}/elsewhere`)).status).toBe(404);
    await using closed = await TestServer.start({ PLAYGROUND: 'off' });
    const response = await fetch(closed.origin);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      404,
      'application/json; charset=utf-8',
    ]);
  });
});
