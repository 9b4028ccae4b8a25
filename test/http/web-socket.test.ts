import { once } from 'node:events';
import type WebSocket from 'ws';
import { TIMEOUTS } from '../../src/http/timeouts.js';
import { eventually } from '../support/eventually.js';
import { TestServer } from '../support/server.js';
import { StandIn } from '../support/stand-in.js';
import { messages, openSocket, rawSocket } from '../support/ways-in.js';

const MEGABYTE = 1_048_576;
const SUBSCRIBE = (id: string) =>
  JSON.stringify({ id, type: 'subscribe', payload: { query: '{ models { id } }' } });

/** The code that the connection is closed with. */
async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = await once(
    socket.on('error', () => undefined),
    'close',
  );
  return code;
}

describe('a WebSocket', () => {
  let gateway: StandIn;
  let server: TestServer;
  const printed: unknown[] = [];
  const print = console.error;
  beforeAll(async () => {
    console.error = (...words) => printed.push(words);
    // It never answers.
    gateway = await StandIn.start(() => undefined);
    server = await TestServer.before(gateway);
  });
  afterAll(async () => {
    console.error = print;
    await server[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  });

  it('that never says connection_init is closed', async () => {
    await using impatient = await TestServer.start({}, { timeouts: { ...TIMEOUTS, initMs: 100 } });
    expect(await closeCode(rawSocket(impatient))).toBe(4408);
  });

  it('that asks before it is let in is closed', async () => {
    const socket = rawSocket(server);
    await once(socket, 'open');
    socket.send(SUBSCRIBE('1'));
    expect(await closeCode(socket)).toBe(4401);
  });

  it.each([
    ['before', rawSocket],
    ['after', openSocket],
  ])('that sends 50 MB %s it is let in is closed', async (_when, open) => {
    const socket = await open(server);
    if (socket.readyState !== socket.OPEN) await once(socket, 'open');
    const closed = closeCode(socket);
    socket.send(Buffer.alloc(50 * MEGABYTE, ' '));
    expect(await closed).toBe(1009);
  });

  it('that sends 50 MB in pieces is closed once they are too much, and not kept until then', async () => {
    const socket = await openSocket(server);
    const closed = closeCode(socket);
    let sent = 0;
    for (; sent < 50 && socket.readyState === socket.OPEN; sent++) {
      const piece = Buffer.alloc(MEGABYTE, ' ');
      await Promise.race([closed, new Promise((resolve) => socket.send(piece, { fin: false }, resolve))]);
    }
    expect(await closed).toBe(1009);
    expect(sent).toBeLessThan(50);
  });

  it.each([
    '{',
    '[]',
    '7',
    '{"type":"no such type"}',
    '{"type":"subscribe"}',
    '{"type":"subscribe","id":"1","payload":[]}',
  ])('that sends %s is closed', async (message) => {
    const socket = await openSocket(server);
    socket.send(message);
    expect(await closeCode(socket)).toBe(4400);
  });

  it('runs a hundred operations at once and refuses more, until one has ended', async () => {
    gateway.seen.length = 0;
    const socket = await openSocket(server);
    const heard = messages(socket);
    for (let id = 1; id <= 101; id++) socket.send(SUBSCRIBE(String(id)));
    const { value } = await heard.next();
    expect(value).toMatchObject({
      id: '101',
      type: 'error',
      payload: [
        {
          message: expect.stringContaining('100 operations'),
          extensions: { code: 'RATE_LIMITED', retryAfter: 1 },
        },
      ],
    });
    socket.send(JSON.stringify({ id: '1', type: 'complete' }));
    const before = gateway.seen.length;
    socket.send(SUBSCRIBE('102'));
    await eventually(() => gateway.seen.length > before);
    socket.terminate();
  });

  it('is nothing that the server prints or logs as its own fault', () => {
    expect(printed).toEqual([]);
    expect(server.log.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });

  it('whose client does not read is cut off before its answers pile up', async () => {
    const socket = await openSocket(server);
    const closed = closeCode(socket);
    socket.pause();
    const ping = JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(MEGABYTE) } });
    let sent = 0;
    for (; sent < 200 && socket.readyState === socket.OPEN; sent++) {
      await Promise.race([closed, new Promise((resolve) => socket.send(ping, resolve))]);
    }
    socket.resume();
    expect(await closed).toBe(1006);
    expect(sent).toBeLessThan(100);
  });
});
