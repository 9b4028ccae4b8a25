import { readExampleOperations } from '../../src/pages/example-operations.js';
import { TestServer } from '../support/server.js';

const BROWSER = { accept: 'text/html,application/xhtml+xml' };

describe('the playground', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('is a page that loads nothing from elsewhere, with a tab for every example operation', async () => {
    const response = await fetch(server.url, { headers: BROWSER });
    const page = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)="https?:/);
    const positions = readExampleOperations().map(({ query }) => page.indexOf(JSON.stringify(query)));
    expect(positions.every((position) => position > 0)).toBe(true);
    expect([...positions].sort((a, b) => a - b)).toEqual(positions);
  });

  it('is sent whole only once to a browser that keeps it', async () => {
    const etag = (await fetch(server.url, { headers: BROWSER })).headers.get('etag') ?? '';
    const again = await fetch(server.url, { headers: { ...BROWSER, 'if-none-match': etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
  });

  it('is sent unpacked to a client that takes no gzip', async () => {
    const response = await fetch(server.url, { headers: { ...BROWSER, 'accept-encoding': 'identity' } });
    expect(response.headers.get('content-encoding')).toBeNull();
    expect((await response.text()).trimEnd()).toMatch(/<\/html>$/);
  });

  it('is not there where PLAYGROUND is off', async () => {
    await using closed = await TestServer.start({ PLAYGROUND: 'off' });
    const response = await fetch(closed.url, { headers: BROWSER });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('json');
  });
});
