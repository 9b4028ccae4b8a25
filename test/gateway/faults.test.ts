import { BlackHole } from '../support/black-hole.js';
import { CHAT_ANSWER, STREAM } from '../support/chat-answers.js';
import { CREATE, chat, chatStream, create, type Door, SEED, serverBefore } from '../support/doors.js';
import {
  answer,
  FaultyUpstream,
  flood,
  head,
  inTurn,
  say,
  sayAndEnd,
  sayAndReset,
  silence,
} from '../support/faulty-upstream.js';
import { TestServer } from '../support/server.js';
import { CREATED } from '../support/stand-in.js';
import { QUESTION } from '../support/streams.js';
import {
  badResponse,
  FAULTS,
  type FaultCase,
  HUGE,
  IN_TIME_MS,
  MEGABYTE,
  refuse,
  timeout,
  unavailable,
} from './fault-cases.js';

const byName = (cases: FaultCase[]) => cases.map((it) => [it.name, it] as const);

/** A chat on a session that was read is never sent again. */
const DOORS: [string, Door, number, FaultCase[]][] = [
  ['createContext', create, Number.POSITIVE_INFINITY, FAULTS],
  ['chat', chat, 1, FAULTS.filter(({ isBroken }) => isBroken)],
  ['chatStream', chatStream, 1, FAULTS.filter(({ isBroken }) => isBroken)],
];

async function inTime<T>(work: Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work;
  expect(performance.now() - began).toBeLessThan(IN_TIME_MS);
  return result;
}

describe.each(DOORS)('%s', (_, ask, maxRequests, faults) => {
  it.each(byName(faults))('answers with one code, and in time, after %s', async (_name, wanted) => {
    await using upstream = await FaultyUpstream.start(wanted.fault);
    await using server = await serverBefore(upstream, wanted.env);
    const errors = await inTime(ask(server));
    expect(errors).toHaveLength(1);
    const { code, retryable, retryAfter } = wanted;
    expect(errors[0]?.extensions).toMatchObject({ code, retryable });
    expect(errors[0]?.extensions.retryAfter).toBe(retryAfter);
    expect(upstream.requests).toHaveLength(Math.min(wanted.requests ?? 1, maxRequests));
  });
});

describe('a chat whose answer was lost', () => {
  it.each([
    ['a prefix', 'COMMON_PREFIX', [], 2],
    ['a session', 'SESSION', [unavailable], 1],
  ])('is sent again on %s only', async (_, mode, errors, requests) => {
    await using upstream = await FaultyUpstream.start(say(answer(200, { id: 'ctx-1', ttl: 3600 })));
    await using server = await TestServer.before(upstream);
    await server.query(CREATE, { input: { ...SEED, mode, model: QUESTION.model } });
    const whole = say(answer(200, CHAT_ANSWER));
    const events = sayAndEnd(head(200, { 'content-type': 'text/event-stream' }) + STREAM);
    for (const [ask, found] of [
      [chat, whole],
      [chatStream, events],
    ] as const) {
      upstream.requests.splice(0);
      upstream.fault = inTurn(sayAndReset(''), found);
      expect((await ask(server)).map(({ extensions }) => extensions)).toMatchObject(errors);
      expect(upstream.requests).toHaveLength(requests);
    }
  });
});

describe('a chat on a session that names a model of another family', () => {
  it('is not sent again either', async () => {
    await using upstream = await FaultyUpstream.start(sayAndReset(''));
    await using server = await serverBefore(upstream);
    const input = { ...QUESTION, model: 'gemini-2.0-flash' };
    const { errors } = await server.query('mutation ($input: ChatInput!) { chat(input: $input) { id } }', {
      input,
    });
    expect(errors[0]?.extensions).toMatchObject(unavailable);
    expect(upstream.requests).toHaveLength(1);
  });
});

/** With a caller's own key a chat goes out to contexts that are not known here, too. */
const OWN_KEY = { authorization: 'Bearer sk-1' };

describe.each(DOORS)('%s, where the gateway cannot be reached,', (_, ask) => {
  it('says that it is unavailable: a refused connection', async () => {
    const gone = await FaultyUpstream.start(silence);
    const { url } = gone;
    await gone[Symbol.asyncDispose]();
    await using server = await TestServer.start({ GATEWAY_URL: url });
    const [error] = await inTime(ask(server, OWN_KEY));
    expect(error?.extensions).toMatchObject(unavailable);
  });

  it('says that it is unavailable: an unknown name', async () => {
    await using server = await TestServer.start({ GATEWAY_URL: 'http://nonexistent.invalid/v1' });
    const [error] = await inTime(ask(server, OWN_KEY));
    expect(error?.extensions).toMatchObject(unavailable);
  });

  it('gives up where no connection is taken', async () => {
    await using hole = await BlackHole.start();
    await using server = await TestServer.start({ GATEWAY_URL: hole.url, GATEWAY_CONNECT_TIMEOUT_MS: '300' });
    const [error] = await inTime(ask(server, OWN_KEY));
    expect(error?.extensions).toMatchObject(timeout);
    expect(error?.message).toContain('to take the connection');
  });

  it('says that it is unavailable: a reset of each connection', async () => {
    await using upstream = await FaultyUpstream.start(silence, (socket) => socket.resetAndDestroy());
    await using server = await TestServer.start({ GATEWAY_URL: upstream.url });
    const [error] = await inTime(ask(server, OWN_KEY));
    expect(error?.extensions).toMatchObject(unavailable);
    expect(upstream.requests).toEqual([]);
  });
});

describe('an answer', () => {
  it('counts where the connection is reset behind it, and the next call takes a new connection', async () => {
    await using upstream = await FaultyUpstream.start(sayAndReset(answer(200, CREATED)));
    await using server = await serverBefore(upstream);
    for (const _ of [1, 2, 3]) expect(await create(server)).toEqual([]);
    upstream.fault = sayAndReset(head(200, { 'content-type': 'text/event-stream' }) + STREAM);
    for (const _ of [1, 2, 3]) expect(await chatStream(server)).toEqual([]);
    expect(upstream.connections).toBe(6);
  });

  it('that nobody asked for does not reach the next call', async () => {
    await using upstream = await FaultyUpstream.start(
      say(Buffer.concat([answer(200, CREATED), answer(200, { ...CREATED, id: 'ctx-of-nobody' })])),
    );
    await using server = await serverBefore(upstream);
    for (const _ of [1, 2, 3]) {
      const { data } = await server.query(CREATE, { input: SEED });
      expect(data).toEqual({ createContext: { id: CREATED.id } });
    }
  });

  it('that is nested a hundred thousand deep is read where it does not matter', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    await using upstream = await FaultyUpstream.start(
      say(answer(200, `{"id":"ctx-1","usage":${deep},"extra":${deep}}`)),
    );
    await using server = await serverBefore(upstream);
    expect(await create(server)).toEqual([]);
  });

  it('that is too large is not read to its end', async () => {
    await using upstream = await FaultyUpstream.start(flood(head(200, HUGE), 100 * MEGABYTE));
    await using server = await serverBefore(upstream, { GATEWAY_MAX_RESPONSE_BYTES: '100000' });
    await create(server);
    await upstream.quiet();
    // The sockets on the way hold a few megabytes.
    expect(upstream.bytesSent).toBeLessThan(32 * MEGABYTE);
  });

  it('that sends the key to another host is not followed', async () => {
    await using elsewhere = await FaultyUpstream.start(say(answer(200, CREATED)));
    await using upstream = await FaultyUpstream.start(silence);
    await using server = await serverBefore(upstream);
    for (const status of [300, 301, 302, 303, 307, 308]) {
      upstream.fault = say(answer(status, '', { location: elsewhere.url }));
      for (const ask of [create, chat, chatStream]) {
        expect((await ask(server))[0]?.extensions).toMatchObject(badResponse);
      }
    }
    expect(upstream.requests).toHaveLength(18);
    expect(elsewhere.connections).toBe(0);
  });

  it('404 that does not say what was not found is neither a lost context nor a missing model', async () => {
    await using upstream = await FaultyUpstream.start(refuse(404, 'NotFound'));
    await using server = await serverBefore(upstream);
    const codes = [];
    for (const ask of [create, chat, chatStream]) codes.push((await ask(server))[0]?.extensions.code);
    expect(codes).toEqual(Array(3).fill('GATEWAY_BAD_RESPONSE'));
  });
});
