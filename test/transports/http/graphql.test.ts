import { request } from 'node:http';
import { serverAudits } from 'graphql-http';
import { NOON, TestServer } from '../../support/server.js';
import { json, StandIn } from '../../support/stand-in.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const INPUT = { model: 'm', messages: [{ content: 'a-private-prompt' }] };

describe('GraphQL over HTTP', () => {
  describe('as graphql-http audits it', () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await TestServer.start();
    });
    afterAll(() => server[Symbol.asyncDispose]());
    const audits = serverAudits({ url: () => server.url, fetchFn: fetch });
    // CSRF prevention asks a GET for a header that the audits do not send.
    const refusedOnPurpose = ['5A70', 'D6D5', '6A70'];
    it.each(audits.map((audit) => [audit.id, audit.name, audit] as const))('%s %s', async (id, _, audit) => {
      const { status } = await audit.fn();
      expect(status).toBe(refusedOnPurpose.includes(id) ? 'notice' : 'ok');
    });
  });

  it('answers every request with its id, and every error with the same', async () => {
    await using gateway = await StandIn.start((response) => json(response, 429, {}, { 'retry-after': '3' }));
    await using server = await TestServer.before(gateway);
    const failed = await server.query(CREATE, { input: INPUT });
    const requestId = failed.headers.get('x-request-id');
    expect(failed.errors).toEqual([
      {
        message: expect.stringContaining('try again'),
        locations: [{ line: 1, column: 42 }],
        path: ['createContext'],
        extensions: {
          code: 'RATE_LIMITED',
          retryable: true,
          retryAfter: 3,
          requestId,
          gateway: { status: 429 },
        },
      },
    ]);
    const misspelt = await server.query('{ modles { id } }');
    expect(misspelt.errors[0]?.extensions).toEqual({
      code: 'BAD_USER_INPUT',
      retryable: false,
      requestId: misspelt.headers.get('x-request-id'),
    });
    expect(misspelt.headers.get('x-request-id')).not.toBe(requestId);
  });

  it('masks what it did not expect, and logs it under the request’s id', async () => {
    await using gateway = await StandIn.start();
    await using broken = await TestServer.before(gateway);
    let looks = 0;
    broken.clock = () => {
      if (looks++ === 0) return NOON;
      throw new Error('the clock has stopped');
    };
    const { errors, data } = await broken.query(CREATE, { input: INPUT });
    expect(data).toBeNull();
    expect(errors[0]).toMatchObject({
      message: 'Something went wrong on our side. Report it with the requestId.',
      extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: false },
    });
    const logged = broken.log.map((line) => JSON.parse(line)).filter(({ err }) => err);
    expect(logged).toMatchObject([
      { requestId: errors[0]?.extensions.requestId, err: { message: 'the clock has stopped' } },
    ]);
    expect(broken.log.join()).not.toContain('a-private-prompt');
  });

  it('refuses a body that grows too large while it comes', async () => {
    await using server = await TestServer.start({ MAX_BODY_BYTES: '2048' });
    const status = await new Promise((resolve, reject) => {
      const sent = request(server.url, { method: 'POST', headers: { 'content-type': 'application/json' } });
      sent.on('response', (response) => resolve(response.statusCode)).on('error', reject);
      sent.write(' '.repeat(1_500));
      sent.write(' '.repeat(1_500));
    });
    expect(status).toBe(413);
  });

  it('lets go of the gateway when the caller leaves', async () => {
    let upstreamClosed: Promise<void> | undefined;
    const caller = new AbortController();
    await using gateway = await StandIn.start((response) => {
      upstreamClosed = new Promise((resolve) => response.on('close', resolve));
      caller.abort();
    });
    await using server = await TestServer.before(gateway);
    const body = JSON.stringify({ query: CREATE, variables: { input: INPUT } });
    const headers = { 'content-type': 'application/json' };
    await expect(
      fetch(server.url, { method: 'POST', headers, body, signal: caller.signal }),
    ).rejects.toThrow();
    await upstreamClosed;
    expect(upstreamClosed).toBeDefined();
  });
});

describe('the other paths', () => {
  it('say whether the server lives and takes work', async () => {
    await using server = await TestServer.start();
    expect(await (await fetch(`${server.origin}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${server.origin}/readyz`)).json()).toEqual({ status: 'ready' });
    expect((await fetch(`${server.origin}/elsewhere`)).status).toBe(404);
  });
});
