import type { ServerResponse } from 'node:http';
import { SqliteRuns } from '../../../src/registry/sqlite/runs.js';
import { beginStream, chunk, DONE, STREAM, USAGE } from '../../support/chat-answers.js';
import { eventually } from '../../support/eventually.js';
import { allOf, RUN_TRANSPORTS, textOf } from '../../support/runs.js';
import { TestServer } from '../../support/server.js';
import { CREATED, json, StandIn } from '../../support/stand-in.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';

/** A gateway that answers a question when the test says so; the server has one session. */
async function world(env: Record<string, string> = {}) {
  const asked = new Map<string, ServerResponse>();
  const gateway = await StandIn.start((response, _, { path, body }) => {
    if (path === '/v1/context/create') return json(response, 200, { ...CREATED, mode: 'session' });
    asked.set(JSON.parse(body).messages[0].content, beginStream(response));
  });
  const server = await TestServer.before(gateway, env);
  await server.query(CREATE, { input: { model: 'm', messages: [{ content: 'persona' }] } });
  const answer = (question: string) =>
    asked.get(question)?.end(chunk({ content: 'Yes' }, 'stop') + USAGE + DONE);
  return { asked, answer, gateway, server };
}

const metrics = async ({ origin }: TestServer) => (await fetch(`${origin}/metrics`)).text();

const question = (content: string, more: object = {}) => ({
  ...{ contextId: CREATED.id, messages: [{ role: 'USER', content }] },
  ...more,
});

describe.each(RUN_TRANSPORTS)('a run that waits for its session, over %s', (_, connect) => {
  it('is not sent when its server ends, though the session is free then', async () => {
    const { asked, gateway, server } = await world({ SHUTDOWN_GRACE_MS: '200' });
    const client = connect(server);
    const first = allOf(client.start(question('first')));
    await eventually(() => asked.has('first'));
    const second = allOf(client.start(question('second')));
    second.catch(() => undefined);
    await eventually(async () => (await metrics(server)).includes('context_cache_streams_open 2\n'));
    await server[Symbol.asyncDispose]();
    expect((await first).at(-1)).toMatchObject({ __typename: 'ChatFailure', retryable: true });
    await expect(second).rejects.toMatchObject({ extensions: { retryable: true } });
    expect([...asked.keys()]).toEqual(['first']);
    await gateway[Symbol.asyncDispose]();
  });

  it('gives its idempotency key back if it is not sent, to the request that has joined it', async () => {
    const { asked, answer, gateway, server } = await world({ GATEWAY_TOTAL_TIMEOUT_MS: '1000' });
    const client = connect(server);
    const running = ['one', 'two'].map((content) => allOf(client.start(question(content))).catch(() => []));
    await eventually(() => asked.has('one'));
    const keyed = question('three', { idempotencyKey: 'key' });
    const first = allOf(client.start(keyed));
    const joined = allOf(client.start(keyed));
    await expect(first).rejects.toMatchObject({ extensions: { code: 'RATE_LIMITED' } });
    await eventually(() => asked.has('three'));
    answer('three');
    expect(textOf(await joined)).toBe('Yes');
    await Promise.all(running);
    client.close();
    await server[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  });
});

describe('a run that the store did not take at first', () => {
  it('is shown by its server after its end, too', async () => {
    const refused = jest.spyOn(SqliteRuns.prototype, 'createRun').mockRejectedValueOnce(new Error('full'));
    await using gateway = await StandIn.start((response, _, { path }) =>
      path === '/v1/context/create' ? json(response, 200, CREATED) : void beginStream(response).end(STREAM),
    );
    await using server = await TestServer.before(gateway);
    await server.query(CREATE, { input: { model: 'm', messages: [{ content: 'persona' }] } });
    const [, connect] = RUN_TRANSPORTS[0] as (typeof RUN_TRANSPORTS)[number];
    const client = connect(server);
    const keyed = question('hello', { idempotencyKey: 'key' });
    const [started, ...events] = await allOf(client.start(keyed));
    expect(refused).toHaveBeenCalledTimes(1);
    refused.mockRestore();
    expect(textOf(events)).toBe('Hi 您好😀');
    expect(textOf(await allOf(client.resume(String(started?.runId))))).toBe('Hi 您好😀');
    expect(textOf(await allOf(client.start(keyed)))).toBe('Hi 您好😀');
    client.close();
  });
});
