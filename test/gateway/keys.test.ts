import { chat, chatStream, create, serverBefore } from '../support/doors.js';
import {
  answer,
  type Fault,
  FaultyUpstream,
  head,
  say,
  sayAndEnd,
  silence,
} from '../support/faulty-upstream.js';
import { SERVER_KEY, TestServer } from '../support/server.js';
import { gatewayAuth, refuse } from './fault-cases.js';

describe('a key that the gateway refuses', () => {
  const CALLERS_KEY = 'sk-callers-key-that-nobody-may-see';
  const passthrough = { authorization: `Bearer ${CALLERS_KEY}` };

  it('is the caller’s to mend where the caller brought it', async () => {
    await using upstream = await FaultyUpstream.start(silence);
    await using server = await TestServer.start({ GATEWAY_URL: upstream.url });
    for (const [status, code] of [
      [401, 'UNAUTHENTICATED'],
      [403, 'FORBIDDEN'],
    ] as const) {
      upstream.fault = refuse(status, 'AuthenticationError');
      for (const ask of [create, chat, chatStream]) {
        expect((await ask(server, passthrough))[0]?.extensions).toMatchObject({ code, retryable: false });
      }
    }
  });

  it('is the operator’s to mend where the server has it, and the caller learns no more', async () => {
    await using upstream = await FaultyUpstream.start(refuse(401, 'AuthenticationError'));
    await using server = await serverBefore(upstream);
    const [error] = await create(server);
    expect(error).toEqual({
      message: 'The gateway rejects this server’s key. The operator must fix it.',
      locations: expect.anything(),
      path: ['createContext'],
      extensions: {
        ...gatewayAuth,
        requestId: expect.any(String),
        gateway: { status: 401, code: 'AuthenticationError' },
      },
    });
  });

  it.each([
    ['the server’s', SERVER_KEY, { GATEWAY_API_KEY: SERVER_KEY }],
    ['the caller’s', CALLERS_KEY, { GATEWAY_API_KEY: '' }],
  ])('is never shown, wherever the gateway says it: %s', async (_, key, env) => {
    const echo = `Incorrect API key provided: ${key}. Request id: ${key}`;
    const said = { message: echo, code: `bad_${key}`, type: key, param: key };
    const faults: Fault[] = [400, 401, 403, 404, 429, 500, 200].flatMap((status) => [
      say(answer(status, { error: said }, { 'x-request-id': key, 'retry-after': '60' })),
      say(answer(status, echo, { 'content-type': 'text/html', 'x-request-id': key, 'retry-after': '60' })),
      say(answer(status, { error: { ...said, code: echo } })),
    ]);
    const event = `data: ${JSON.stringify({ error: said })}\n\n`;
    faults.push(sayAndEnd(head(200, { 'content-type': 'text/event-stream' }) + event));
    await using upstream = await FaultyUpstream.start(silence);
    await using server = await serverBefore(upstream, { LOG_LEVEL: 'trace', ...env }, passthrough);
    for (const fault of faults) {
      upstream.fault = fault;
      for (const ask of [create, chat, chatStream]) {
        const errors = await ask(server, passthrough);
        expect(errors).toHaveLength(1);
        expect(JSON.stringify(errors)).not.toContain(key);
      }
    }
    expect(upstream.requests.at(-1)).toContain(`Bearer ${key}`);
    expect(server.log.join('')).not.toContain(key);
  });
});
