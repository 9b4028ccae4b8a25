import type { Health } from '../../src/gateway/errors/gateway-error.js';
import { Breaker } from '../../src/gateway/http/breaker.js';
import { STREAM } from '../support/chat-answers.js';
import { CREATE, chatStream, create, SEED, serverBefore } from '../support/doors.js';
import { answer, FaultyUpstream, head, say, sayAndEnd, silence } from '../support/faulty-upstream.js';
import { NOON } from '../support/server.js';
import { CREATED } from '../support/stand-in.js';

describe('the breaker', () => {
  let now = 0;
  let breaker = new Breaker(() => now);
  beforeEach(() => {
    now = 0;
    breaker = new Breaker(() => now);
  });

  const calls = (count: number, health: Health) => {
    for (let call = 0; call < count; call++) breaker.enter().settle(health);
  };
  const refusal = () => {
    try {
      breaker.enter();
      return undefined;
    } catch (error) {
      return error;
    }
  };

  it('opens after ten failures in a row', () => {
    calls(9, 'unhealthy');
    expect(breaker.state).toBe('closed');
    calls(1, 'unhealthy');
    expect(breaker.state).toBe('open');
    expect(refusal()).toMatchObject({
      code: 'GATEWAY_UNAVAILABLE',
      retryable: true,
      details: { retryAfter: 3 },
    });
  });

  it('stays closed where a call succeeds in between', () => {
    for (let round = 0; round < 10; round++) {
      calls(9, 'unhealthy');
      calls(1, 'healthy');
    }
    expect(breaker.state).toBe('closed');
  });

  it('takes no notice of callers who leave', () => {
    calls(100, 'unknown');
    calls(9, 'unhealthy');
    calls(100, 'unknown');
    expect(breaker.state).toBe('closed');
    calls(1, 'unhealthy');
    expect(breaker.state).toBe('open');
  });

  it('stays closed where most of the recent calls succeeded, until those are long ago', () => {
    calls(100, 'healthy');
    calls(50, 'unhealthy');
    expect(breaker.state).toBe('closed');
    now = 20_000;
    calls(10, 'unhealthy');
    expect(breaker.state).toBe('open');
  });

  it('stays closed where the failures are far apart', () => {
    for (let call = 0; call < 100; call++) {
      calls(1, 'unhealthy');
      now += 5_000;
    }
    expect(breaker.state).toBe('closed');
  });

  describe('that is open', () => {
    beforeEach(() => calls(10, 'unhealthy'));

    it('lets one call through after three seconds', () => {
      now = 2_999;
      expect(refusal()).toMatchObject({ details: { retryAfter: 1 } });
      now = 3_000;
      expect(breaker.state).toBe('half-open');
      expect(breaker.enter().isTrial).toBe(true);
      expect(breaker.state).toBe('half-open');
      expect(refusal()).toMatchObject({ code: 'GATEWAY_UNAVAILABLE' });
    });

    it('closes with the first success', () => {
      now = 3_000;
      calls(1, 'healthy');
      expect(breaker.state).toBe('closed');
      calls(9, 'unhealthy');
      expect(breaker.state).toBe('closed');
    });

    it('opens again with a failure', () => {
      now = 3_000;
      calls(1, 'unhealthy');
      expect(breaker.state).toBe('open');
      expect(refusal()).toMatchObject({ details: { retryAfter: 3 } });
      now = 6_000;
      expect(breaker.enter().isTrial).toBe(true);
    });

    it('tries another call where the first one takes long or is left', () => {
      now = 3_000;
      const slow = breaker.enter();
      now = 6_000;
      breaker.enter().settle('unknown');
      expect(breaker.state).toBe('half-open');
      now = 9_000;
      breaker.enter().settle('healthy');
      expect(breaker.state).toBe('closed');
      slow.settle('unhealthy');
      expect(breaker.state).toBe('closed');
    });

    it('is not held open by a clock that is set back', () => {
      now = -1_000_000;
      expect(breaker.enter().isTrial).toBe(true);
    });
  });

  it('is not closed by a call that began before it opened', () => {
    const early = breaker.enter();
    calls(10, 'unhealthy');
    early.settle('healthy');
    expect(breaker.state).toBe('open');
  });
});

describe('a gateway that is dead', () => {
  const DEAD = { code: 'GATEWAY_UNAVAILABLE', retryable: true };

  it.each([
    ['createContext', create],
    ['chatStream', chatStream],
  ])('is not called by %s for three seconds, then recovers by itself', async (_, ask) => {
    await using upstream = await FaultyUpstream.start(say(answer(500, '')));
    await using server = await serverBefore(upstream);
    for (let call = 0; call < 10; call++) expect((await ask(server))[0]?.extensions).toMatchObject(DEAD);
    expect(upstream.requests).toHaveLength(10);
    expect((await ask(server))[0]?.extensions).toMatchObject({ ...DEAD, retryAfter: 3 });
    server.clock = () => NOON + 2_000;
    expect((await ask(server))[0]?.extensions).toMatchObject({ ...DEAD, retryAfter: 1 });
    expect(upstream.requests).toHaveLength(10);

    server.clock = () => NOON + 3_000;
    expect((await ask(server))[0]?.extensions).not.toHaveProperty('retryAfter');
    expect(upstream.requests).toHaveLength(11);
    expect((await ask(server))[0]?.extensions).toMatchObject({ ...DEAD, retryAfter: 3 });

    upstream.fault = (socket, request) =>
      request.includes('/context/create')
        ? socket.write(answer(200, CREATED))
        : socket.end(head(200, { 'content-type': 'text/event-stream' }) + STREAM);
    server.clock = () => NOON + 6_000;
    for (let call = 0; call < 12; call++) expect((await ask(server))[0]).toBeUndefined();
    expect(upstream.requests).toHaveLength(23);
  });

  it('is asked once on trial, without retries', async () => {
    await using upstream = await FaultyUpstream.start(say(answer(500, '')));
    await using server = await serverBefore(upstream);
    for (let call = 0; call < 10; call++) await create(server);
    upstream.fault = say(answer(503, ''));
    server.clock = () => NOON + 3_000;
    await create(server);
    expect(upstream.requests).toHaveLength(11);
  });

  it('is noticed by its silence, too', async () => {
    await using upstream = await FaultyUpstream.start(silence);
    await using server = await serverBefore(upstream, { GATEWAY_HEADERS_TIMEOUT_MS: '300' });
    const errors = await Promise.all(Array.from({ length: 10 }, () => create(server)));
    expect(errors.map(([error]) => error?.extensions.code)).toEqual(Array(10).fill('GATEWAY_TIMEOUT'));
    expect((await create(server))[0]?.extensions).toMatchObject({ ...DEAD, retryAfter: 3 });
    expect(upstream.requests).toHaveLength(10);
  });

  it('is none that refuses, however often, nor one whose callers leave', async () => {
    await using upstream = await FaultyUpstream.start(
      say(answer(422, { error: { code: 'InvalidParameter' } })),
    );
    await using server = await serverBefore(upstream);
    for (let call = 0; call < 15; call++) await create(server);
    for (let call = 0; call < 15; call++) {
      const leaving = new AbortController();
      upstream.fault = () => leaving.abort();
      const body = JSON.stringify({ query: CREATE, variables: { input: SEED } });
      const headers = { 'content-type': 'application/json' };
      const left = fetch(server.url, { method: 'POST', headers, body, signal: leaving.signal });
      await expect(left).rejects.toThrow();
    }
    upstream.fault = say(answer(200, CREATED));
    expect((await create(server))[0]).toBeUndefined();
    expect(upstream.requests).toHaveLength(31);
  });

  it('is not one that breaks off the streams it has begun', async () => {
    const half = STREAM.slice(0, STREAM.indexOf('data: [DONE]') / 2);
    await using upstream = await FaultyUpstream.start(
      sayAndEnd(head(200, { 'content-type': 'text/event-stream' }) + half),
    );
    await using server = await serverBefore(upstream);
    for (let call = 0; call < 15; call++) expect((await chatStream(server))[0]).toBeUndefined();
    expect(upstream.requests).toHaveLength(15);
  });
});
