import type { ServerResponse } from 'node:http';
import { SqliteRuns } from '../../../src/store/sqlite/runs.js';
import { beginStream, STREAM } from '../../support/chat-answers.js';
import { eventually } from '../../support/eventually.js';
import { ModelsFile } from '../../support/models-file.js';
import { allOf, RUN_TRANSPORTS, textOf } from '../../support/runs.js';
import { NOON, TestServer } from '../../support/server.js';
import { CREATED, json, StandIn } from '../../support/stand-in.js';

const FORGET = 'mutation ($id: ID!) { forgetContext(id: $id) }';
const RESPONSE = {
  ...{ id: 'resp_1', model: 'seed', status: 'completed', output: [] },
  usage: { input_tokens: 300, output_tokens: 1 },
};
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
  return { asked, gateway, server };
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

  it('gives its idempotency key back if it is not sent, to the request that waits for it', async () => {
    const held: ServerResponse[] = [];
    await using gateway = await StandIn.start((response, _, { body }) => {
      if (body.includes('"stream":true')) held.push(response);
      else json(response, 200, { ...RESPONSE, expire_at: NOON / 1_000 + 3_600 });
    });
    using models = new ModelsFile();
    models.writeText('currency: CNY\nmodels:\n  seed: { api: responses }\n');
    await using server = await TestServer.before(gateway, { MODELS: models.path });
    const { data } = await server.query<{ createContext: { id: string } }>(CREATE, {
      input: { model: 'seed', messages: [{ content: 'persona' }] },
    });
    const contextId = data.createContext.id;
    const client = connect(server);
    const running = allOf(client.start(question('first', { contextId }))).catch(() => []);
    await eventually(() => held.length === 1);
    const keyed = question('second', { contextId, idempotencyKey: 'key' });
    const waiting = [allOf(client.start(keyed)), allOf(client.start(keyed))];
    for (const one of waiting) one.catch(() => undefined);
    await eventually(async () => (await metrics(server)).includes('context_cache_streams_open 2\n'));
    expect((await server.query(FORGET, { id: contextId })).data).toEqual({ forgetContext: true });
    held[0]?.destroy();
    // Not OUTCOME_UNKNOWN: nothing was sent.
    for (const one of waiting)
      await expect(one).rejects.toMatchObject({ extensions: { code: 'CONTEXT_NOT_FOUND' } });
    await running;
    expect(held).toHaveLength(1);
    client.close();
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
