import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API_CASES, ApiWorld } from '../support/apis.js';
import { eventually } from '../support/eventually.js';
import { expireLeases } from '../support/expire-leases.js';
import { ModelsFile } from '../support/models-file.js';
import { RedisServer } from '../support/redis.js';
import { NOON, TestServer } from '../support/server.js';
import { json, StandIn } from '../support/stand-in.js';
import { collect, TRANSPORTS } from '../support/streams.js';

const RESPONSES = API_CASES.find(({ name }) => name === 'responses') as (typeof API_CASES)[number];
const PREFIX = { mode: 'COMMON_PREFIX', ttl: 3_600 };
const HOUR_MS = 3_600_000;
const FORGET = 'mutation ($id: ID!) { forgetContext(id: $id) }';

describe('a prefix that is about to end', () => {
  it('is created again from its kept messages, under the same id', async () => {
    await using world = await ApiWorld.start(RESPONSES);
    const { id, expiresAt } = await world.create(PREFIX);
    world.time = Date.parse(expiresAt) - 60_000;
    expect((await world.chat(id, 'hello')).context?.expiresAt).toBe(expiresAt);
    world.time += 1;
    const { context } = await world.chat(id, 'hello');
    expect(context?.id).toBe(id);
    expect(Date.parse(context?.expiresAt ?? '')).toBeGreaterThan(Date.parse(expiresAt) + HOUR_MS - 120_000);
    world.time = Date.parse(expiresAt) + 1;
    await world.chat(id, 'hello');
  });

  it('is used to its end where its messages are not kept', async () => {
    await using world = await ApiWorld.start(RESPONSES, { STORE_MESSAGES: 'off' });
    const { id, expiresAt } = await world.create(PREFIX);
    world.time = Date.parse(expiresAt) - 1;
    expect((await world.chat(id, 'hello')).context?.expiresAt).toBe(expiresAt);
  });
});

describe('a session', () => {
  const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
  const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { context { totals { chats } } } }';

  it('takes one answer only from each link, also if a lease is lost', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chain-'));
    const storeUrl = `sqlite:${join(folder, 'contexts.db')}`;
    using models = new ModelsFile();
    models.writeText('currency: CNY\nmodels:\n  seed: { api: responses }\n');
    let answered = 0;
    const held: ServerResponse[] = [];
    const previous: string[] = [];
    const answer = (response: ServerResponse) =>
      json(response, 200, {
        ...{ id: `resp_${++answered}`, model: 'seed', status: 'completed', output: [] },
        ...{ usage: { input_tokens: 300, output_tokens: 1 }, expire_at: NOON / 1_000 + 3_600 },
      });
    await using gateway = await StandIn.start((response, _, { body }) => {
      const { previous_response_id: from, input } = JSON.parse(body);
      if (from) previous.push(from);
      if (input[0].content === 'slow') held.push(response);
      else answer(response);
    });
    const env = { STORE_URL: storeUrl, MODELS: models.path };
    await using one = await TestServer.before(gateway, env);
    await using other = await TestServer.before(gateway, env);
    const { data } = await one.query<{ createContext: { id: string } }>(CREATE, {
      input: { model: 'seed', messages: [{ content: 'persona' }] },
    });
    const contextId = data.createContext.id;
    const ask = (server: TestServer, content: string) =>
      server.query(CHAT, { input: { contextId, messages: [{ role: 'USER', content }] } });
    const slow = ask(one, 'slow');
    await eventually(() => held.length === 1);
    await expireLeases(storeUrl);
    expect((await ask(other, 'quick')).errors).toEqual([]);
    answer(held[0] as ServerResponse);
    const { errors } = await slow;
    expect(errors[0]?.message).toContain('Another chat');
    await ask(one, 'next');
    // Both went on from the creation; what came next went on from the answer that was given out.
    expect(previous).toEqual(['resp_1', 'resp_1', 'resp_2']);
    rmSync(folder, { recursive: true });
  });
});

describe('a session of two servers on one Redis', () => {
  it('goes on from the last answer, however many stream at once', async () => {
    await using redis = await RedisServer.start();
    await using world = await ApiWorld.start(RESPONSES, { STORE_URL: redis.url }, 2);
    const { id } = await world.create({});
    const ends = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const [, connect] = TRANSPORTS[index % TRANSPORTS.length] ?? [];
        const client = connect?.(world.servers[index % 2] as TestServer);
        const messages = [{ role: 'USER', content: `question ${index}` }];
        const seen = await collect(client?.open({ contextId: id, messages }) as never);
        client?.close();
        return seen.last?.__typename ?? seen.errors;
      }),
    );
    expect(ends).toEqual(Array.from({ length: 8 }, () => 'ChatDone'));
  });
});

describe('a forgotten context', () => {
  it.each(TRANSPORTS)(
    'is deleted with the answer that was streaming over %s meanwhile',
    async (_, connect) => {
      await using world = await ApiWorld.start(RESPONSES);
      const { id } = await world.create({});
      const client = connect(world.server);
      const messages = [{ role: 'USER', content: 'hello' }];
      const stream = client.open({ contextId: id, messages });
      await stream.next();
      expect((await world.server.query(FORGET, { id })).data).toEqual({ forgetContext: true });
      expect((await collect(stream)).last?.__typename).toBe('ChatDone');
      client.close();
      await eventually(() => world.sandbox.kept === 0, 50);
    },
  );

  it('is deleted later if the gateway fails', async () => {
    await using world = await ApiWorld.start(RESPONSES);
    const { id } = await world.create(PREFIX);
    world.sandbox.faults = { status: 500 };
    const { data } = await world.server.query<{ forgetContext: boolean }>(FORGET, { id });
    expect(data.forgetContext).toBe(true);
    await eventually(() => world.server.log.some((line) => line.includes('could not be deleted')));
    world.sandbox.faults = {};
    await eventually(() => world.sandbox.kept === 0, 50);
  });
});
