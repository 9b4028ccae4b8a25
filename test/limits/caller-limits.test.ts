import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beginStream, CHAT_ANSWER, chunk } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { hold, serverHolding } from '../support/holding.js';
import { describeWith, REDIS } from '../support/programs.js';
import { RedisServer } from '../support/redis.js';
import { NOON, TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from '../support/streams.js';
import { bearer, JWT } from '../support/tokens.js';
import { type Outcome, WAYS } from '../support/ways-in.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';
const INPUT = { input: { model: 'm', messages: [{ content: 'a' }] } };
const ASK = { input: QUESTION };

/** Seconds that are left of a minute, or of a day. */
const within = (seconds: number) => ({
  asymmetricMatch: (value: unknown) =>
    Number.isInteger(value) && Number(value) > 0 && Number(value) <= seconds,
});

function chattyGateway() {
  let created = 0;
  return StandIn.start((response, _, { path }) =>
    json(response, 200, path === '/v1/context/create' ? { ...CREATED, id: `ctx-${++created}` } : CHAT_ANSWER),
  );
}

describe('a caller’s limits', () => {
  it('limits creations per minute, for each caller separately', async () => {
    await using gateway = await chattyGateway();
    const env = { ...JWT, RATE_LIMIT_CREATES_PER_MINUTE: '2' };
    await using server = await TestServer.before(gateway, env);
    const create = (sub: string) => server.query(CREATE, INPUT, bearer(sub));
    for (const _ of [1, 2]) expect((await create('alice')).errors).toEqual([]);
    expect((await create('alice')).errors).toMatchObject([
      { extensions: { code: 'RATE_LIMITED', retryable: true, retryAfter: within(60) } },
    ]);
    expect((await create('bob')).errors).toEqual([]);
    expect(gateway.seen).toHaveLength(3);
  });

  it('limits chats per minute, over all transports together', async () => {
    await using gateway = await chattyGateway();
    const env = { RATE_LIMIT_CHATS_PER_MINUTE: '3' };
    await using server = await serverHolding(gateway, { env });
    expect((await server.query(CHAT, ASK)).errors).toEqual([]);
    const clients = TRANSPORTS.map(([, connect]) => connect(server));
    for (const client of clients) expect((await collect(client.open())).errors).toEqual([]);
    const limited = { extensions: { code: 'RATE_LIMITED', retryable: true, retryAfter: within(60) } };
    expect((await server.query(CHAT, ASK)).errors).toMatchObject([limited]);
    for (const client of clients) {
      expect((await collect(client.open())).errors).toMatchObject([limited]);
      client.close();
    }
    expect(gateway.seen).toHaveLength(3);
  });

  it('limits tokens per day, those of creations and streams included', async () => {
    await using gateway = await chattyGateway();
    // A creation costs 8 tokens here, a chat 23.
    await using server = await serverHolding(gateway, { env: { QUOTA_TOKENS_PER_DAY: '50' } });
    const client = TRANSPORTS[0]?.[1](server);
    for (const _ of [1, 2]) expect((await server.query(CHAT, ASK)).errors).toEqual([]);
    const usedUp = { extensions: { code: 'QUOTA_EXCEEDED', retryable: true, retryAfter: within(86_400) } };
    expect((await server.query(CHAT, ASK)).errors).toMatchObject([usedUp]);
    expect((await server.query(CREATE, INPUT)).errors).toMatchObject([usedUp]);
    expect((await collect(client?.open() as never)).errors).toMatchObject([usedUp]);
    client?.close();
    expect(gateway.seen).toHaveLength(2);
  });

  it('has no limit where it is 0', async () => {
    await using gateway = await chattyGateway();
    await using server = await TestServer.before(gateway, { RATE_LIMIT_CREATES_PER_MINUTE: '0' });
    const all = await Promise.all(Array.from({ length: 70 }, () => server.query(CREATE, INPUT)));
    expect(all.flatMap(({ errors }) => errors)).toEqual([]);
  });
});

describeWith(REDIS)('a caller’s limits in Redis', () => {
  it('is shared by all servers, and counted by each alone while Redis is unreachable', async () => {
    await using redis = await RedisServer.start();
    await using gateway = await chattyGateway();
    const env = { ...JWT, RATE_LIMIT_CHATS_PER_MINUTE: '2', STORE_URL: redis.url };
    await using one = await TestServer.before(gateway, env);
    await using two = await TestServer.before(gateway, env);
    await hold(one, gateway, {}, bearer('alice'));
    const ask = async (server: TestServer) =>
      (await server.query(CHAT, ASK, bearer('alice'))).errors[0]?.extensions.code ?? 'OK';
    expect([await ask(one), await ask(two), await ask(one)]).toEqual(['OK', 'OK', 'RATE_LIMITED']);
    await redis.stop();
    // The limit no longer refuses; the store does, because it cannot know whose the context is.
    expect(await ask(two)).toBe('INTERNAL_SERVER_ERROR');
  });
});

type StartTwo = (env: Record<string, string>) => Promise<[TestServer, TestServer]>;

/** What holds for two servers that share a store, in which nobody's minute has begun. */
function shareLimits(parts: { gateway: StandIn; startTwo: StartTwo }): void {
  it('share one limit of creations and one of chats, over every transport', async () => {
    const env = { RATE_LIMIT_CREATES_PER_MINUTE: '6', RATE_LIMIT_CHATS_PER_MINUTE: '6' };
    const [one, two] = await parts.startTwo(env);
    await using _ = one;
    await using _too = two;
    const limited = { code: 'RATE_LIMITED', retryable: true, retryAfter: within(60) };
    for (const sent of [
      { query: CREATE, variables: INPUT },
      { query: CHAT, variables: ASK },
    ]) {
      const everywhere = async () => {
        const outcomes: Outcome[] = [];
        for (const [, ask] of WAYS) for (const server of [one, two]) outcomes.push(await ask(server, sent));
        return outcomes;
      };
      for (const { errors } of await everywhere()) {
        expect(errors[0]?.extensions.code).not.toBe('RATE_LIMITED');
      }
      for (const { errors } of await everywhere()) expect(errors).toMatchObject([{ extensions: limited }]);
    }
  });

  it('share one quota of tokens, over every transport', async () => {
    // Each creation costs 8 tokens.
    const [one, two] = await parts.startTwo({ QUOTA_TOKENS_PER_DAY: '16' });
    await using _ = one;
    await using _too = two;
    for (const server of [one, two]) expect((await server.query(CREATE, INPUT)).errors).toEqual([]);
    const usedUp = { code: 'QUOTA_EXCEEDED', retryable: true, retryAfter: within(86_400) };
    for (const [, ask] of WAYS) {
      for (const server of [one, two]) {
        for (const sent of [
          { query: CREATE, variables: INPUT },
          { query: CHAT, variables: ASK },
        ]) {
          expect((await ask(server, sent)).errors).toMatchObject([{ extensions: usedUp }]);
        }
      }
    }
  });

  it('share one limit of open streams, and may open one more when one has ended', async () => {
    const [one, two] = await parts.startTwo({ MAX_STREAMS_PER_CALLER: '2' });
    await using _ = one;
    await using _too = two;
    const ids: string[] = [];
    for (let left = 3; left > 0; left--) {
      const { data } = await one.query<{ createContext: { id: string } }>(CREATE, INPUT);
      ids.push(data.createContext.id);
    }
    parts.gateway.answer = (response) => void beginStream(response).write(chunk({ content: 'a' }));
    const clients = [one, two].flatMap((server) => TRANSPORTS.map(([, connect]) => connect(server)));
    const question = (index: number) => ({ ...QUESTION, contextId: ids[index] });
    const open = [clients[0], clients[3]].map((client, index) => client?.open(question(index)));
    for (const results of open) expect((await results?.next())?.value?.data.chatStream.content).toBe('a');
    for (const client of clients) {
      expect((await collect(client.open(question(2)))).errors).toMatchObject([
        { extensions: { code: 'RATE_LIMITED', retryable: true, retryAfter: 1 } },
      ]);
    }
    await open[0]?.return?.();
    await eventually(async () => (await clients[3]?.open(question(2)).next())?.value?.data !== undefined);
    for (const client of clients) client.close();
  });
}

describeWith(REDIS)('callers of two servers with one Redis', () => {
  const parts = {} as { gateway: StandIn; startTwo: StartTwo };
  let redis: RedisServer;
  let database = 1;
  beforeAll(async () => {
    redis = await RedisServer.start();
    parts.gateway = await chattyGateway();
    parts.startTwo = (env) => {
      const storeUrl = `${redis.url}/${database++}`;
      const start = () => TestServer.before(parts.gateway, { ...env, STORE_URL: storeUrl });
      return Promise.all([start(), start()]);
    };
  });
  afterAll(async () => {
    await parts.gateway[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });
  shareLimits(parts);
});

describe('callers of two servers with one SQLite file', () => {
  const parts = {} as { gateway: StandIn; startTwo: StartTwo };
  const folder = mkdtempSync(join(tmpdir(), 'limits-'));
  let files = 0;
  beforeAll(async () => {
    parts.gateway = await chattyGateway();
    parts.startTwo = (env) => {
      const storeUrl = `sqlite:${join(folder, `${++files}.db`)}`;
      const start = () => TestServer.before(parts.gateway, { ...env, STORE_URL: storeUrl });
      return Promise.all([start(), start()]);
    };
  });
  afterAll(async () => {
    await parts.gateway[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });
  shareLimits(parts);

  it('keep their limits after a restart', async () => {
    await using gateway = await chattyGateway();
    const env = {
      STORE_URL: `sqlite:${join(folder, 'restarted.db')}`,
      RATE_LIMIT_CHATS_PER_MINUTE: '1',
      QUOTA_TOKENS_PER_DAY: '40',
    };
    const refusals: unknown[] = [];
    for (const minutes of [0, 0, 2, 4]) {
      await using server = await TestServer.before(gateway, env);
      server.clock = () => NOON + minutes * 60_000;
      if (refusals.length === 0) await hold(server, gateway);
      const { errors } = await server.query(CHAT, ASK);
      refusals.push(errors[0]?.extensions ?? 'OK');
    }
    expect(refusals).toMatchObject([
      'OK',
      { code: 'RATE_LIMITED', retryAfter: 60 },
      'OK',
      { code: 'QUOTA_EXCEEDED', retryAfter: 86_400 - 4 * 60 },
    ]);
  });

  it('start a new minute when the clock is set back', async () => {
    await using gateway = await chattyGateway();
    const env = { STORE_URL: `sqlite:${join(folder, 'clock.db')}`, RATE_LIMIT_CREATES_PER_MINUTE: '1' };
    await using server = await TestServer.before(gateway, env);
    const create = async () => (await server.query(CREATE, INPUT)).errors[0]?.extensions;
    server.clock = () => NOON + 86_400_000;
    expect(await create()).toBeUndefined();
    server.clock = () => NOON;
    expect(await create()).toMatchObject({ code: 'RATE_LIMITED', retryAfter: 60 });
    server.clock = () => NOON + 60_000;
    expect(await create()).toBeUndefined();
  });
});
