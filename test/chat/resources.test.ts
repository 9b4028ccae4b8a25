import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import WebSocket from 'ws';
import { TIMEOUTS } from '../../src/transports/timeouts.js';
import { beginStream, CHAT_ANSWER, chunk, STREAM } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { serverHolding } from '../support/holding.js';
import { TestServer } from '../support/server.js';
import { json, StandIn } from '../support/stand-in.js';
import { CHAT_STREAM, collect, QUESTION, TRANSPORTS } from '../support/streams.js';

const countResources = (kind: string) =>
  process.getActiveResourcesInfo().filter((name) => name === kind).length;

describe.each(TRANSPORTS)('200 streams over %s that are opened and left', (_, connect) => {
  it('leave no open upstream call, timer or listener behind', async () => {
    let running = 0;
    await using gateway = await StandIn.start((response) => {
      running++;
      response.on('close', () => running--);
      beginStream(response).write(chunk({ content: 'a' }));
    });
    const ids = Array.from({ length: 100 }, (_id, index) => `ctx-${index}`);
    const env = { MAX_STREAMS_PER_CALLER: '200' };
    await using server = await serverHolding(gateway, { ids, env });
    const round = async () => {
      const client = connect(server);
      const streams = Array.from({ length: 100 }, (_stream, index) =>
        client.open({ ...QUESTION, contextId: `ctx-${index}` }),
      );
      // Half of them wait for their first event when they are left, half have read one.
      await Promise.all(streams.slice(50).map((stream) => stream.next()));
      const waiting = streams.slice(0, 50).map((stream) => stream.next().catch(() => undefined));
      await eventually(() => running === 100);
      for (const stream of streams) void stream.return?.();
      await eventually(() => running === 0);
      client.close();
      await Promise.all(waiting);
    };
    await round();
    const timers = countResources('Timeout');
    await round();
    await eventually(() => countResources('Timeout') <= timers);
    await eventually(async () => (await gateway.openSockets) === 0);
  });
});

describe('a reader who stops reading', () => {
  /** A gateway that sends as fast as it is read, and counts what it could send. */
  async function floodingGateway() {
    const flood = { sent: 0 };
    const event = chunk({ content: 'x'.repeat(10_000) });
    const gateway = await StandIn.start((response) => {
      beginStream(response);
      const push = () => {
        while (!response.destroyed && response.write(event)) flood.sent += event.length;
        flood.sent += event.length;
      };
      response.on('drain', push);
      push();
    });
    return { gateway, flood };
  }

  async function untilStill(flood: { sent: number }): Promise<void> {
    for (let before = -1; before !== flood.sent; ) {
      before = flood.sent;
      await wait(200);
    }
  }

  /** The sockets on the way hold some megabytes; 50 MB would have been buffered by us. */
  const HELD_BY_SOCKETS = 32 * 1024 * 1024;

  it('stops the reading from the gateway over server-sent events', async () => {
    const { gateway, flood } = await floodingGateway();
    await using _gateway = gateway;
    await using server = await serverHolding(gateway);
    const sent = request(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    });
    sent.on('error', () => undefined);
    sent.on('response', (response) => response.pause());
    sent.end(JSON.stringify({ query: CHAT_STREAM, variables: { input: QUESTION } }));
    await eventually(() => flood.sent > 0);
    await untilStill(flood);
    expect(flood.sent).toBeLessThan(HELD_BY_SOCKETS);
    sent.destroy();
  });

  it('is cut off over server-sent events where nothing is taken for as long as is promised', async () => {
    const { gateway, flood } = await floodingGateway();
    await using _gateway = gateway;
    const stalledMs = 2_000;
    const timeouts = { ...TIMEOUTS, stalledMs };
    await using server = await serverHolding(gateway, { options: { timeouts } });
    const sent = request(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    });
    sent.on('error', () => undefined);
    const begun = once(sent, 'response');
    sent.end(JSON.stringify({ query: CHAT_STREAM, variables: { input: QUESTION } }));
    const [response] = await begun;
    response.pause();
    await untilStill(flood);
    const still = performance.now();
    await eventually(async () => (await gateway.openSockets) === 0);
    // A second timeout would not have passed by then.
    expect(performance.now() - still).toBeLessThan(1.9 * stalledMs);
    const closed = new Promise((resolve) => response.once('close', resolve));
    response.on('error', () => undefined).resume();
    await closed;
    expect(response.complete).toBe(false);
  });

  it('stops the reading from the gateway over a WebSocket', async () => {
    const { gateway, flood } = await floodingGateway();
    await using _gateway = gateway;
    await using server = await serverHolding(gateway);
    const socket = new WebSocket(server.url.replace('http:', 'ws:'), 'graphql-transport-ws');
    socket.on('error', () => undefined);
    socket.on('open', () => socket.send('{"type":"connection_init"}'));
    socket.once('message', () => {
      socket.send(
        JSON.stringify({
          id: '1',
          type: 'subscribe',
          payload: { query: CHAT_STREAM, variables: { input: QUESTION } },
        }),
      );
      (socket as unknown as { _socket: Socket })._socket.pause();
    });
    await eventually(() => flood.sent > 0);
    await untilStill(flood);
    expect(flood.sent).toBeLessThan(HELD_BY_SOCKETS);
    socket.terminate();
  });
});

describe('a quiet stream', () => {
  async function quietStream(server: TestServer) {
    const caller = new AbortController();
    const { body } = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: CHAT_STREAM, variables: { input: QUESTION } }),
      signal: caller.signal,
    });
    if (!body) throw new Error('the answer has no body');
    return { body, leave: () => caller.abort() };
  }

  it('is kept alive by comments over server-sent events', async () => {
    await using gateway = await StandIn.start((response) => void beginStream(response));
    await using server = await serverHolding(gateway, { options: { keepAliveMs: 5 } });
    const { body } = await quietStream(server);
    let said = '';
    for await (const bytes of body) {
      said += Buffer.from(bytes).toString();
      if (said.length > 12) break;
    }
    expect(said).toMatch(/^(:\n\n){4}/);
  });

  it('begins over server-sent events before its first result, where that lets wait for itself', async () => {
    await using gateway = await StandIn.start(() => undefined);
    await using server = await serverHolding(gateway);
    const { body, leave } = await quietStream(server);
    const { value } = await body.getReader().read();
    expect(Buffer.from(value ?? []).toString()).toBe(':\n\n');
    leave();
  });

  it('is kept alive by pings over a WebSocket', async () => {
    // Long enough for the answer to a ping, on a busy machine too: who misses one is cut off.
    await using server = await TestServer.start({}, { keepAliveMs: 500 });
    const socket = new WebSocket(server.url.replace('http:', 'ws:'), 'graphql-transport-ws');
    await once(socket, 'ping');
    await once(socket, 'ping');
    socket.terminate();
  });
});

describe('the connections to the gateway', () => {
  it('are used again after an answer, a refusal and a stream', async () => {
    const ports = new Set<number | undefined>();
    await using gateway = await StandIn.start((response, { socket }, { body }) => {
      ports.add(socket.remotePort);
      if (body.includes('"stream":true')) beginStream(response).end(STREAM);
      else json(response, ports.size === 1 ? 200 : 400, CHAT_ANSWER);
    });
    await using server = await serverHolding(gateway);
    const [, connect] = TRANSPORTS[0] ?? [];
    for (const _ of [1, 2, 3]) {
      await server.query('mutation ($input: ChatInput!) { chat(input: $input) { id } }', { input: QUESTION });
      const client = connect?.(server);
      if (client) expect(await collect(client.open())).toMatchObject({ last: { __typename: 'ChatDone' } });
      client?.close();
    }
    expect(ports.size).toBe(1);
  });
});
