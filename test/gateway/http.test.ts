import { gzipSync } from 'node:zlib';
import { cancelled } from '../../src/errors.js';
import { Gateway } from '../../src/gateway/data-source.js';
import { SilentServer } from '../support/silent-server.js';
import { type Answer, CREATED, json, StandIn } from '../support/stand-in.js';

const INPUT = { model: 'm', messages: [{ content: 'hello' }] };
const LIMITS = {
  connectTimeoutMs: 1_000,
  headersTimeoutMs: 5_000,
  idleTimeoutMs: 5_000,
  totalTimeoutMs: 5_000,
  maxResponseBytes: 10_000,
};

async function create(
  answer: Answer,
  limits: Partial<typeof LIMITS> = {},
  signal = new AbortController().signal,
) {
  await using standIn = await StandIn.start(answer);
  const gateway = new Gateway({ url: standIn.url, ...LIMITS, ...limits });
  try {
    const context = await gateway
      .forCaller({ credential: { key: 'sk-1', owner: 'server' }, signal })
      .createContext('context', INPUT);
    return { context, seen: standIn.seen };
  } catch (error) {
    return { error, seen: standIn.seen };
  } finally {
    await gateway.close();
  }
}

describe('a call to the gateway', () => {
  it('takes a gzipped answer', async () => {
    const { context } = await create((response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(gzipSync(JSON.stringify(CREATED))),
    );
    expect(context?.id).toBe(CREATED.id);
  });

  it('refuses an answer larger than the limit, before and after unpacking', async () => {
    const large = JSON.stringify({ ...CREATED, padding: ' '.repeat(20_000) });
    const plain = await create((response) => json(response, 200, large));
    const packed = await create((response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(large)),
    );
    for (const { error } of [plain, packed]) {
      expect(error).toMatchObject({
        code: 'GATEWAY_BAD_RESPONSE',
        message: expect.stringContaining('larger than 10000 bytes'),
      });
    }
  });

  it('refuses an answer that is packed otherwise or not truly packed', async () => {
    for (const encoding of ['br', 'gzip']) {
      const { error } = await create((response) =>
        response.writeHead(200, { 'content-encoding': encoding }).end('not packed'),
      );
      expect(error).toMatchObject({ code: 'GATEWAY_BAD_RESPONSE' });
    }
  });

  it('says so where the answer is cut short', async () => {
    const { error } = await create((response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"id":');
      setImmediate(() => response.destroy());
    });
    expect(error).toMatchObject({
      code: 'GATEWAY_BAD_RESPONSE',
      message: expect.stringContaining('cut short'),
    });
  });
});

describe('a gateway that takes too long', () => {
  const silent: Answer = () => undefined;
  const dripping: Answer = (response) => {
    const timer = setInterval(() => response.write(' '), 10);
    response.on('close', () => clearInterval(timer));
  };
  const stuck: Answer = (response) => response.writeHead(200).write('{"id":');

  it.each([
    ['to begin', silent, { headersTimeoutMs: 50 }, 'to begin its answer'],
    ['to go on', stuck, { idleTimeoutMs: 50 }, 'to go on with its answer'],
    ['in all', dripping, { totalTimeoutMs: 100 }, 'to answer in full'],
  ])('is given up when it takes too long %s', async (_, answer, limits, what) => {
    const { error } = await create(answer, limits);
    expect(error).toMatchObject({
      code: 'GATEWAY_TIMEOUT',
      retryable: true,
      message: expect.stringContaining(what),
    });
  });

  it('is given up when it does not take the connection', async () => {
    // A TLS client before a server that takes TCP connections and says nothing.
    await using silentServer = await SilentServer.start();
    const gateway = new Gateway({
      url: `https://127.0.0.1:${silentServer.port}`,
      ...LIMITS,
      connectTimeoutMs: 50,
    });
    const call = gateway
      .forCaller({ credential: { key: 'sk-1', owner: 'server' }, signal: new AbortController().signal })
      .createContext('context', INPUT);
    await expect(call).rejects.toMatchObject({
      code: 'GATEWAY_TIMEOUT',
      message: expect.stringContaining('to take the connection'),
    });
    await gateway.close();
  });

  it('is not asked where the caller has left already', async () => {
    const caller = new AbortController();
    caller.abort(cancelled());
    const { error, seen } = await create(() => undefined, {}, caller.signal);
    expect(error).toMatchObject({ code: 'CANCELLED' });
    expect(seen).toEqual([]);
  });

  it('is let go of when the caller leaves', async () => {
    const caller = new AbortController();
    let closed: Promise<void> | undefined;
    const { error } = await create(
      (response) => {
        closed = new Promise((resolve) => response.on('close', resolve));
        caller.abort(cancelled());
      },
      {},
      caller.signal,
    );
    expect(error).toMatchObject({ code: 'CANCELLED' });
    await closed;
  });
});
