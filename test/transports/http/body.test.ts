import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventually } from '../../support/eventually.js';
import { TestServer } from '../../support/server.js';

const QUERY = JSON.stringify({ query: '{ __typename }' });
const MEGABYTE = 1_048_576;

describe('a body', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each([
    [{ 'content-type': 'application/json; charset="utf-8"' }],
    [{ 'content-type': 'application/json; profile="x"; charset="UTF-8"' }],
    [{ 'content-type': 'APPLICATION/JSON' }],
    [{ 'content-encoding': 'IDENTITY' }],
    [{ 'content-encoding': '' }],
  ])('is read with %p', async (headers) => {
    expect((await server.post(QUERY, headers)).data).toEqual({ __typename: 'Query' });
  });

  it('may begin with a byte order mark', async () => {
    expect((await server.post(`\uFEFF${QUERY}`)).data).toEqual({ __typename: 'Query' });
  });

  it('is read in chunks of a byte, cut within characters', async () => {
    const body = Buffer.from(
      JSON.stringify({ query: '{ __typename }', variables: { x: '您好😀'.repeat(500) } }),
    );
    const sent = request(server.url, { method: 'POST', headers: { 'content-type': 'application/json' } });
    for (const byte of body) sent.write(Buffer.from([byte]));
    sent.end();
    const [response] = await once(sent, 'response');
    expect(JSON.parse(await text(response))).toEqual({ data: { __typename: 'Query' } });
  });

  it.each([
    [413, 'one byte too large', 4_194_305, 'application/json'],
    [413, 'far too large', 8 * MEGABYTE, 'application/json'],
    [415, 'of another type', 8 * MEGABYTE, 'text/plain'],
  ])('hears its %i while it is still being sent: %s', async (status, _what, size, type) => {
    for (let round = 0; round < 8; round++) {
      const answer = await server.post('x'.repeat(size), { 'content-type': type });
      expect(answer).toMatchObject({ status, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    }
  });

  it('of no known length hears its 413, too', async () => {
    const sent = request(server.url, { method: 'POST', headers: { 'content-type': 'application/json' } });
    for (let megabytes = 0; megabytes < 8; megabytes++) sent.write(Buffer.alloc(MEGABYTE, ' '));
    sent.end();
    const [response] = await once(sent, 'response');
    expect(response.statusCode).toBe(413);
    expect(JSON.parse(await text(response)).errors[0].message).toContain('4194304 bytes');
  });

  it('that is refused and never ends is cut off, and not kept', async () => {
    const socket = open(server);
    socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
    const before = process.memoryUsage().arrayBuffers;
    let sent = 0;
    const piece = Buffer.concat([
      Buffer.from('100000\r\n'),
      Buffer.alloc(MEGABYTE, ' '),
      Buffer.from('\r\n'),
    ]);
    for (; sent < 200 && !socket.destroyed; sent++) {
      await new Promise((resolve) => socket.write(piece, resolve));
    }
    expect(sent).toBeLessThan(120);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MEGABYTE);
  });
});

const HEAD = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

function open(server: TestServer): Socket {
  const { hostname, port } = new URL(server.url);
  return connect({ host: hostname, port: Number(port) }).on('error', () => undefined);
}

describe('a client that waits for `100 Continue`', () => {
  async function say(head: string, body: string | undefined) {
    await using server = await TestServer.start({ MAX_BODY_BYTES: '2048' });
    const socket = open(server);
    const closed = once(socket, 'close');
    let heard = '';
    socket.setEncoding('utf8').on('data', (piece) => {
      heard += piece;
    });
    socket.write(`${HEAD}expect: 100-continue\r\n${head}\r\n`);
    await eventually(() => heard.includes('\r\n\r\n'));
    if (body !== undefined) {
      socket.write(body);
      await eventually(() => /\r\n\r\n\{.*\}/.test(heard));
    } else await closed;
    socket.destroy();
    return heard;
  }

  it('gets it, and its answer', async () => {
    const heard = await say(`content-length: ${QUERY.length}\r\n`, QUERY);
    expect(heard).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(heard).toContain('{"data":{"__typename":"Query"}}');
  });

  it.each([
    ['413', 'content-length: 4096\r\n'],
    ['415', 'content-length: 10\r\ncontent-encoding: gzip\r\n'],
    ['406', 'content-length: 10\r\naccept: text/html\r\n'],
  ])('gets its %s at once in its place, and need not send the body', async (status, head) => {
    const began = performance.now();
    const heard = await say(head, undefined);
    expect(heard.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    expect(heard).not.toContain('100 Continue');
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
