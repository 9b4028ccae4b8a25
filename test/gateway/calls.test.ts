import { setImmediate as nextTurn } from 'node:timers/promises';
import { cancelled } from '../../src/errors.js';
import { Gateway, type GatewayDataSource } from '../../src/gateway/data-source.js';
import type { FinishedCall } from '../../src/gateway/http/finished-call.js';
import { CHAT_ANSWER, chunk, DONE, STREAM } from '../support/chat-answers.js';
import { drain } from '../support/drain.js';
import {
  answer,
  type Fault,
  FaultyUpstream,
  head,
  inTurn,
  say,
  sayAndEnd,
  sayAndReset,
} from '../support/faulty-upstream.js';
import { CREATED } from '../support/stand-in.js';

const LIMITS = {
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 5_000,
  idleTimeoutMs: 5_000,
  totalTimeoutMs: 20_000,
  maxResponseBytes: 100_000,
};
const QUESTION = { contextId: 'ctx-1', model: 'm', messages: [{ content: 'hello' }] };
const EVENTS = head(200, { 'content-type': 'text/event-stream' });

/** Until the other end of a connection, which is in this process, has read what was sent. */
async function someTurns(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await nextTurn();
}

const create = (gateway: GatewayDataSource) => gateway.createContext('context', QUESTION);
const chat = (gateway: GatewayDataSource) => gateway.chat('context', QUESTION);
const models = (gateway: GatewayDataSource) => gateway.models();
const stream = (gateway: GatewayDataSource) => drain(gateway.chatStream('context', QUESTION));
const leaveStream = (gateway: GatewayDataSource, reader: AbortController) =>
  drain(gateway.chatStream('context', QUESTION), () => reader.abort(cancelled()));

describe('a reader who leaves a stream', () => {
  it.each([1, 2])('ends its connection, after part %p', async (parts) => {
    await using upstream = await FaultyUpstream.start(
      say(EVENTS + chunk({ content: 'a' }) + chunk({ content: 'b' })),
    );
    const gateway = new Gateway({ url: upstream.url, ...LIMITS });
    const reader = new AbortController();
    const as = gateway.forCaller({ credential: { key: 'sk-1', owner: 'server' }, signal: reader.signal });
    let deltas = 0;
    const stream = drain(as.chatStream('context', QUESTION), () => {
      deltas += 1;
      if (deltas === parts) reader.abort(cancelled());
    });
    await expect(stream).rejects.toMatchObject({ code: 'CANCELLED' });
    await upstream.quiet();
    expect(upstream.connections).toBe(1);
    await gateway.close();
  });
});

describe('a reader who has no room', () => {
  it('is given the next part once there is room, and misses none', async () => {
    const texts = Array.from({ length: 300 }, (_, number) => `${number}`.padEnd(10_000, '.'));
    const whole = EVENTS + texts.map((content) => chunk({ content })).join('') + DONE;
    await using upstream = await FaultyUpstream.start(sayAndEnd(whole));
    const gateway = new Gateway({ url: upstream.url, ...LIMITS });
    const as = gateway.forCaller({
      credential: { key: 'sk-1', owner: 'server' },
      signal: new AbortController().signal,
    });
    const taken: (string | null)[] = [];
    let isFull = false;
    await drain(as.chatStream('context', QUESTION), async ({ content }) => {
      expect(isFull).toBe(false);
      isFull = true;
      taken.push(content);
      await new Promise(setImmediate);
      isFull = false;
    });
    expect(taken).toEqual(texts);
    await gateway.close();
  });

  const first = chunk({ content: 'a' });
  /** With the last of so many bytes, and no earlier, more wait than are read ahead. */
  const AHEAD = 65_537;
  const measured = { 'content-length': first.length + AHEAD, connection: 'close' };

  it.each([
    ['without a length', 'ends', {}, 'stop', 'OK'],
    ['of a known length', 'ends', measured, 'stop', 'OK'],
    ['without a length', 'breaks', {}, null, 'GATEWAY_BAD_RESPONSE'],
  ])('gets what is left of an answer %s whose connection %s meanwhile', async (...row) => {
    const [, how, headers, finishReason, outcome] = row;
    let onTaken: () => void = () => undefined;
    await using upstream = await FaultyUpstream.start((socket) => {
      socket.write(head(200, { 'content-type': 'text/event-stream', ...headers }) + first);
      const rest = chunk({ content: '.' }, finishReason).padStart(AHEAD, '\n');
      onTaken = async () => {
        socket.write(rest);
        await someTurns();
        if (how === 'ends') socket.end();
        else socket.resetAndDestroy();
      };
    });
    const gateway = new Gateway({ url: upstream.url, ...LIMITS });
    const as = gateway.forCaller({
      credential: { key: 'sk-1', owner: 'server' },
      signal: new AbortController().signal,
    });
    const taken: (string | null)[] = [];
    const answer = drain(as.chatStream('context', QUESTION), async ({ content }) => {
      taken.push(content);
      if (taken.length > 1) return;
      onTaken();
      await upstream.quiet();
      await someTurns();
    });
    expect(
      await answer.then(
        () => 'OK',
        ({ code }) => code,
      ),
    ).toBe(outcome);
    expect(taken).toEqual(['a', '.']);
    await gateway.close();
  });

  it('who stops between parts aborts the call', async () => {
    await using upstream = await FaultyUpstream.start(say(EVENTS + chunk({ content: 'a' })));
    const gateway = new Gateway({ url: upstream.url, ...LIMITS });
    const { signal } = new AbortController();
    const stream = gateway
      .forCaller({ credential: { key: 'sk-1', owner: 'server' }, signal })
      .chatStream('context', QUESTION);
    await stream.next();
    await stream.return(undefined as never);
    await upstream.quiet();
    await gateway.close();
  });

  it('who stops while it waits for a part aborts the call by its signal', async () => {
    await using upstream = await FaultyUpstream.start(say(EVENTS + chunk({ content: 'a' })));
    const gateway = new Gateway({ url: upstream.url, ...LIMITS });
    const reader = new AbortController();
    const as = gateway.forCaller({ credential: { key: 'sk-1', owner: 'server' }, signal: reader.signal });
    const stream = as.chatStream('context', QUESTION);
    await stream.next();
    const pending = stream.next().catch(({ code }) => code);
    reader.abort(cancelled());
    expect(await pending).toBe('CANCELLED');
    await upstream.quiet();
    await gateway.close();
  });
});

describe('what came before an event that is bad', () => {
  it.each([
    ['no JSON', 'data: {{\n\n'],
    ['too large', `data: ${'x'.repeat(LIMITS.maxResponseBytes + 1)}\n\n`],
  ])('is passed on where it came with one that is %s', async (_, bad) => {
    await using upstream = await FaultyUpstream.start(say(EVENTS + chunk({ content: 'a' }) + bad));
    const gateway = new Gateway({ url: upstream.url, ...LIMITS });
    const deltas: object[] = [];
    const stream = gateway
      .forCaller({ credential: { key: 'sk-1', owner: 'server' }, signal: new AbortController().signal })
      .chatStream('context', QUESTION);
    await expect(drain(stream, (delta) => deltas.push(delta))).rejects.toMatchObject({
      code: 'GATEWAY_BAD_RESPONSE',
    });
    expect(deltas).toMatchObject([{ content: 'a' }]);
    await gateway.close();
  });
});

describe('whoever watches the calls', () => {
  type Call = (gateway: GatewayDataSource, reader: AbortController) => Promise<unknown>;
  const cases: [string, Fault, Call, object][] = [
    [
      'an answer',
      say(answer(200, CREATED)),
      create,
      { operation: 'createContext', outcome: 'OK', status: 200, attempts: 1 },
    ],
    [
      'an answer after a retry',
      inTurn(say(answer(503, '')), say(answer(200, { data: [] }))),
      models,
      { operation: 'models', outcome: 'OK', status: 200, attempts: 2 },
    ],
    [
      'a refusal',
      say(answer(402, '')),
      chat,
      { operation: 'chat', outcome: 'QUOTA_EXCEEDED', status: 402, attempts: 1 },
    ],
    [
      'an answer that the mapping refuses',
      say(answer(200, { ...CHAT_ANSWER, choices: null })),
      chat,
      { operation: 'chat', outcome: 'GATEWAY_BAD_RESPONSE', status: 200, attempts: 1 },
    ],
    [
      'a lost connection',
      sayAndReset(''),
      chat,
      { operation: 'chat', outcome: 'GATEWAY_UNAVAILABLE', status: undefined, attempts: 1 },
    ],
    ['a stream', sayAndEnd(EVENTS + STREAM), stream, { outcome: 'OK', status: 200, attempts: 1 }],
    [
      'a stream that breaks off',
      sayAndEnd(EVENTS + chunk({ content: 'half' })),
      stream,
      { outcome: 'GATEWAY_BAD_RESPONSE', status: 200, attempts: 1 },
    ],
    [
      'a stream whose reader leaves',
      say(EVENTS + chunk({ content: 'half' })),
      leaveStream,
      { outcome: 'CANCELLED', status: 200, attempts: 1 },
    ],
  ];
  it.each(cases)('is told once of %s', async (_, fault, call, facts) => {
    await using upstream = await FaultyUpstream.start(fault);
    const seen: FinishedCall[] = [];
    const gateway = new Gateway({ url: upstream.url, ...LIMITS, onCall: (finished) => seen.push(finished) });
    const reader = new AbortController();
    const as = gateway.forCaller({ credential: { key: 'sk-1', owner: 'server' }, signal: reader.signal });
    await call(as, reader).catch(() => undefined);
    await gateway.close();
    expect(seen).toMatchObject([facts]);
    expect(seen[0]?.durationMs).toBeGreaterThan(0);
  });

  it('is told how often a connection was tried, and of what the breaker refused', async () => {
    const gone = await FaultyUpstream.start(() => undefined);
    const { url } = gone;
    await gone[Symbol.asyncDispose]();
    const seen: FinishedCall[] = [];
    const gateway = new Gateway({ url, ...LIMITS, now: () => 0, onCall: (call) => seen.push(call) });
    const as = gateway.forCaller({
      credential: { key: 'sk-1', owner: 'server' },
      signal: new AbortController().signal,
    });
    for (let calls = 0; calls < 11; calls++) await chat(as).catch(() => undefined);
    await gateway.close();
    expect(gateway.breakerState).toBe('open');
    expect(seen.map(({ outcome }) => outcome)).toEqual(Array(11).fill('GATEWAY_UNAVAILABLE'));
    // Ten spare retries and a fifth of the calls, then no more; the last call was not let through.
    expect(seen.map(({ attempts }) => attempts)).toEqual([3, 3, 3, 3, 3, 2, 1, 1, 1, 1, 0]);
  });
});
