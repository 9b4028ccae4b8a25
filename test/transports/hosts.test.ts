import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import WebSocket from 'ws';
import { TestServer } from '../support/server.js';

const QUERY = JSON.stringify({ query: '{ __typename }' });

/** The status that a request with this `Host` gets; fetch would not send one. */
async function statusOf(
  server: TestServer,
  host: string,
  path = '/graphql',
  method = 'POST',
): Promise<number> {
  const { hostname, port } = new URL(server.url);
  const headers = { host, 'content-type': 'application/json', accept: 'application/json' };
  const sent = request({ hostname, port, path, method, headers });
  sent.end(method === 'POST' ? QUERY : undefined);
  const [response] = await once(sent, 'response');
  const body = await text(response);
  if (response.statusCode === 403) expect(body).toContain('ALLOWED_HOSTS');
  expect(body).not.toContain('rebound');
  return response.statusCode;
}

/** The status that a request with these lines of its head gets. */
async function statusOfRaw(server: TestServer, ...lines: string[]): Promise<number> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  const rest = [
    'Content-Type: application/json',
    `Content-Length: ${QUERY.length}`,
    'Connection: close',
    '',
    '',
  ];
  socket.write([...lines, ...rest].join('\r\n') + QUERY);
  const said = await text(socket);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(said)?.[1]);
}

async function webSocketStatus(server: TestServer, host: string): Promise<number> {
  const socket = new WebSocket(server.url.replace('http:', 'ws:'), 'graphql-transport-ws', {
    headers: { host },
  });
  const status = await new Promise<number>((resolve) => {
    socket.on('open', () => resolve(101));
    socket.on('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode));
    socket.on('error', () => undefined);
  });
  socket.terminate();
  return status;
}

const LOOPBACK = [
  'localhost',
  'localhost:4000',
  'LOCALHOST',
  'app.localhost',
  '127.0.0.1',
  '127.8.8.8:1',
  '[::1]:4000',
  'localhost.',
];
const OTHERS = [
  'rebound.example',
  'rebound.example:4000',
  'localhost.rebound.example',
  '127.0.0.1.rebound.example',
  '10.0.0.1',
  'rebound.example/.localhost',
  'rebound.example#.localhost',
  '',
];

describe('the host name of a request', () => {
  it('must be one of this machine where no credential is asked for', async () => {
    await using server = await TestServer.start();
    for (const host of LOOPBACK) expect([host, await statusOf(server, host)]).toEqual([host, 200]);
    for (const host of OTHERS.filter((one) => one !== '')) {
      expect([host, await statusOf(server, host)]).toEqual([host, 403]);
      expect([host, await webSocketStatus(server, host)]).toEqual([host, 403]);
      for (const path of ['/metrics', '/', '/graphql']) {
        expect([path, await statusOf(server, host, path, 'GET')]).toEqual([path, 403]);
      }
    }
    expect(await webSocketStatus(server, 'localhost')).toBe(101);
    // Probes name the address that they know.
    for (const path of ['/healthz', '/readyz'])
      expect(await statusOf(server, 'pod.example', path, 'GET')).toBe(200);
  });

  it('is looked at in every `Host` header, and missed where there is none', async () => {
    await using server = await TestServer.start();
    const post = (version: string, ...hosts: string[]) =>
      statusOfRaw(server, `POST /graphql HTTP/${version}`, ...hosts.map((host) => `Host: ${host}`));
    expect(await post('1.1', 'localhost')).toBe(200);
    expect(await post('1.1', 'localhost', 'rebound.example')).toBe(403);
    expect(await post('1.1', 'rebound.example', 'localhost')).toBe(403);
    expect(await post('1.1')).toBe(400);
    expect(await post('1.0')).toBe(403);
  });

  it('may be one that ALLOWED_HOSTS names', async () => {
    await using server = await TestServer.start({ ALLOWED_HOSTS: 'context.example, Other.example' });
    for (const host of ['context.example:8080', 'other.example', 'localhost']) {
      expect([host, await statusOf(server, host)]).toEqual([host, 200]);
    }
    expect(await statusOf(server, 'rebound.example')).toBe(403);
  });

  it('may be any where metrics are asked for with a token', async () => {
    await using server = await TestServer.start({
      ALLOWED_HOSTS: 'context.example',
      METRICS_TOKEN: 'metrics-token',
    });
    // The request has none, and no page can guess it.
    expect(await statusOf(server, '10.0.3.7:4000', '/metrics', 'GET')).toBe(401);
    expect(await statusOf(server, '10.0.3.7:4000')).toBe(403);
  });

  it('may be any where each caller brings a credential, unless ALLOWED_HOSTS is set', async () => {
    await using open = await TestServer.start({
      AUTH_MODE: 'passthrough',
      GATEWAY_URL: 'http://127.0.0.1:9',
    });
    expect(await statusOf(open, 'app.example')).toBe(200);
    await using closed = await TestServer.start({
      AUTH_MODE: 'passthrough',
      GATEWAY_URL: 'http://127.0.0.1:9',
      ALLOWED_HOSTS: 'app.example',
    });
    expect(await statusOf(closed, 'app.example')).toBe(200);
    expect(await statusOf(closed, 'rebound.example')).toBe(403);
  });
});
