import { once } from 'node:events';
import { request } from 'node:http';
import { TestServer } from '../support/server.js';
import { rawSocket } from '../support/ways-in.js';

const APP = 'https://app.example';
const ALLOWED = { CORS_ORIGINS: `${APP}, http://localhost:3000` };
const QUERY = JSON.stringify({ query: '{ models { id } }' });

function preflight(server: TestServer, origin: string, wanted = 'content-type,authorization') {
  return fetch(server.url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': wanted,
    },
  });
}

/** The names of all headers that let a page of another origin in. */
const grants = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));

describe('a page of another origin', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start(ALLOWED);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('may ask where CORS_ORIGINS names it', async () => {
    for (const origin of [APP, 'http://localhost:3000']) {
      const { status, headers } = await preflight(server, origin);
      expect(status).toBe(204);
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('access-control-allow-methods')).toBe('GET, POST');
      expect(headers.get('access-control-allow-headers')).toMatch(/content-type.*authorization/);
      expect(headers.get('access-control-max-age')).toBe('7200');
      expect(headers.get('access-control-allow-credentials')).toBeNull();
      expect(headers.get('vary')).toMatch(/\borigin\b/);
    }
  });

  it.each([
    ['Apollo Client', 'apollographql-client-name,apollographql-client-version,content-type'],
    ['Apollo Kotlin', 'x-apollo-operation-id,x-apollo-operation-name'],
    ['a GET', 'apollo-require-preflight'],
    ['OpenTelemetry', 'baggage,content-type,traceparent,tracestate'],
    ['a frontend of its own', 'x-request-id,x-our-tenant'],
  ])('may send the headers of %s', async (_client, wanted) => {
    const { status, headers } = await preflight(server, APP, wanted);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-headers')).toBe(wanted);
    expect(headers.get('vary')).toContain('access-control-request-headers');
  });

  it('is told by its preflight which origin to add to CORS_ORIGINS', async () => {
    const message = async (origin: string) =>
      ((await (await preflight(server, origin)).json()) as { errors: Error[] }).errors[0]?.message;
    const named = await message('https://other.example:8443');
    expect(named).toMatch(/add https:\/\/other\.example:8443 to CORS_ORIGINS and restart/);
    expect(await message('null')).toMatch(/^Pages without an origin.*CORS_ORIGINS/);
    expect(await message('https://a.example/<script>')).not.toContain('script');
  });

  it.each([
    [200, 'an answer', QUERY, {}],
    [
      400,
      'a document that is refused',
      '{"query":"{ modles }"}',
      { accept: 'application/graphql-response+json' },
    ],
    [400, 'a body that is not JSON', '{', {}],
    [415, 'a body of another type', '{}', { 'content-type': 'text/plain' }],
    [200, 'a stream', QUERY, { accept: 'text/event-stream' }],
  ])('reads the %i of %s, and the request’s id', async (status, _what, body, more) => {
    const headers = { 'content-type': 'application/json', origin: APP, ...more };
    const response = await fetch(server.url, { method: 'POST', headers, body });
    await response.text();
    expect(response.status).toBe(status);
    expect(response.headers.get('access-control-allow-origin')).toBe(APP);
    expect(response.headers.get('access-control-expose-headers')).toBe('x-request-id');
    expect(response.headers.get('x-request-id')).not.toBeNull();
    expect(response.headers.get('vary')).toMatch(/\borigin\b/);
  });

  it.each(['https://evil.example', 'null', `${APP}.evil.example`, 'http://app.example', `${APP}:444`])(
    'gets no leave as %s',
    async (origin) => {
      const refused = await preflight(server, origin);
      expect(refused.status).toBe(403);
      expect(grants(refused.headers)).toEqual([]);
      expect(await refused.json()).toMatchObject({
        errors: [
          { message: expect.stringContaining('CORS_ORIGINS'), extensions: { code: 'BAD_USER_INPUT' } },
        ],
      });
      const { headers } = await fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin },
        body: QUERY,
      });
      expect(grants(headers)).toEqual([]);
      expect(headers.get('vary')).toMatch(/\borigin\b/);
    },
  );

  it('gets no leave where CORS_ORIGINS is empty, and never any for the other paths', async () => {
    await using closed = await TestServer.start();
    expect((await preflight(closed, APP)).status).toBe(403);
    for (const path of ['/metrics', '/healthz', '/readyz']) {
      expect(grants((await fetch(server.origin + path, { headers: { origin: APP } })).headers)).toEqual([]);
    }
  });

  it('opens a WebSocket only where it is named, or is of this server', async () => {
    const outcome = async (to: TestServer, origin: string, host?: string) => {
      const socket = rawSocket(to, { origin, ...(host !== undefined && { host }) });
      const refusal = once(socket, 'unexpected-response').then(([, { statusCode }]) => statusCode);
      const result = await Promise.race([once(socket, 'open').then(() => 'open'), refusal]);
      socket.on('error', () => undefined).terminate();
      return result;
    };
    expect(await outcome(server, APP)).toBe('open');
    expect(await outcome(server, server.origin)).toBe('open');
    expect(await outcome(server, 'https://evil.example')).toBe(403);
    expect(await outcome(server, 'null')).toBe(403);
    // As proxies and clients may write its name.
    expect(await outcome(server, 'http://localhost', 'localhost:80')).toBe('open');
    expect(await outcome(server, 'http://localhost:4000', 'LOCALHOST:4000')).toBe('open');
    expect(await outcome(server, 'https://localhost', 'localhost:80')).toBe(403);
    expect(await outcome(server, 'http://localhost:4000', 'localhost:4001')).toBe(403);
    await using closed = await TestServer.start();
    expect(await outcome(closed, APP)).toBe(403);
  });
});

describe('what a page can send without asking first', () => {
  it.each([
    ['text/plain', QUERY],
    ['application/x-www-form-urlencoded', `query=${encodeURIComponent('{ models { id } }')}`],
    [
      'multipart/form-data; boundary=x',
      `--x\r\ncontent-disposition: form-data; name="query"\r\n\r\n{}\r\n--x--`,
    ],
    ['text/plain; application/json', QUERY],
    ['', QUERY],
  ])('is refused as %p, streams included', async (type, body) => {
    await using server = await TestServer.start(ALLOWED);
    for (const accept of ['application/json', 'text/event-stream']) {
      const sent = request(server.url, {
        method: 'POST',
        headers: { accept, origin: APP, ...(type && { 'content-type': type }) },
      });
      sent.end(body);
      const [response] = await once(sent, 'response');
      response.resume();
      expect([accept, response.statusCode]).toEqual([accept, 415]);
    }
  });

  it('cannot change anything by GET', async () => {
    await using server = await TestServer.start();
    const query = encodeURIComponent('mutation { forgetContext(id: "x") }');
    const answer = await fetch(`${server.url}?query=${query}`, {
      headers: { 'apollo-require-preflight': '1' },
    });
    expect(answer.status).toBe(405);
  });
});
