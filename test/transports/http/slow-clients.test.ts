import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { TIMEOUTS } from '../../../src/transports/timeouts.js';
import { eventually } from '../../support/eventually.js';
import { TestServer } from '../../support/server.js';
import { StandIn } from '../../support/stand-in.js';

/** Milliseconds; what is cut only by a longer one of them would fail its test's own timeout. */
const SHORT = { ...TIMEOUTS, headersMs: 250, requestMs: 500, idleMs: 250, initMs: 250 };
const NEVER = 3_600_000;

const BODY = JSON.stringify({ query: '{ models { id } }' });
const HEAD = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n`;

function open(server: TestServer): Socket {
  const { hostname, port } = new URL(server.url);
  return connect({ host: hostname, port: Number(port), allowHalfOpen: true });
}

/** A byte now and then for as long as the connection lasts. */
function drip(socket: Socket, byte: string): void {
  const timer = setInterval(() => socket.write(byte), 20);
  socket.on('close', () => clearInterval(timer)).on('error', () => undefined);
}

/** All that is said until the server ends the connection, or resets it because bytes still come. */
async function said(socket: Socket): Promise<string> {
  let heard = '';
  socket.setEncoding('latin1').on('data', (text) => {
    heard += text;
  });
  await new Promise((resolve) => socket.once('end', resolve).once('close', resolve).once('error', resolve));
  socket.destroy();
  return heard;
}

describe('a connection', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({}, { timeouts: SHORT });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('that says nothing is cut', async () => {
    expect(await said(open(server))).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  it('whose headers trickle in is cut', async () => {
    const socket = open(server);
    socket.write(HEAD);
    drip(socket, 'x');
    expect(await said(socket)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it.each(['application/json', 'text/event-stream'])(
    'whose body trickles in is cut, as %s',
    async (accept) => {
      const socket = open(server);
      socket.write(HEAD.replace(/length: \d+/, 'length: 100000'));
      socket.write(`accept: ${accept}\r\n\r\n`);
      drip(socket, ' ');
      expect(await said(socket)).toMatch(/^HTTP\/1\.1 408 /);
    },
  );

  it.each([
    ['before its headers', ''],
    ['within its headers', HEAD],
    ['within its body', `${HEAD}\r\n{`],
  ])('that is half closed %s is closed', async (_when, sent) => {
    await using patient = await TestServer.start(
      {},
      { timeouts: { ...TIMEOUTS, headersMs: NEVER, requestMs: NEVER, idleMs: NEVER, initMs: NEVER } },
    );
    const socket = open(patient);
    socket.end(sent);
    expect(await said(socket)).toMatch(/^(HTTP\/1\.1 400 |$)/);
  });

  it('that is kept for a next request is closed where none comes', async () => {
    const socket = open(server);
    socket.write(`${HEAD}\r\n${BODY}`);
    expect(await said(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('whose caller is half gone lets go of the gateway', async () => {
    let left: Promise<unknown> | undefined;
    let hasAsked = false;
    await using gateway = await StandIn.start((response) => {
      left = once(response, 'close');
      hasAsked = true;
    });
    await using patient = await TestServer.before(gateway);
    const socket = open(patient);
    socket.write(`${HEAD}\r\n${BODY}`);
    await eventually(() => hasAsked);
    socket.end();
    await left;
    await said(socket);
  });

  it('is answered beside a thousand that say nothing or not enough, which all end', async () => {
    const idle = Array.from({ length: 1_000 }, (_, index) => {
      const socket = open(server)
        .on('error', () => undefined)
        .resume();
      if (index % 3 === 1) socket.write(HEAD);
      if (index % 3 === 2) socket.write(`${HEAD}\r\n{`);
      return socket;
    });
    const ends = idle.map(
      (socket) => new Promise((resolve) => socket.on('end', resolve).on('close', resolve)),
    );
    await Promise.all(idle.map((socket) => socket.connecting && once(socket, 'connect')));
    expect((await server.query('{ models { id } }')).errors).toEqual([]);
    await Promise.all(ends);
    for (const socket of idle) socket.destroy();
    expect((await server.query('{ models { id } }')).errors).toEqual([]);
  });

  it('that is cut is no fault of the server', () => {
    expect(server.log.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });
});
