import { CHAT_ANSWER } from '../support/chat-answers.js';
import { hold, serverHolding } from '../support/holding.js';
import { describeWith, REDIS } from '../support/programs.js';
import { RedisServer } from '../support/redis.js';
import { TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from '../support/streams.js';
import { bearer, JWT } from '../support/tokens.js';

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

describe('a caller’s budget', () => {
  it('lets so many contexts be created in a minute, each caller apart', async () => {
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

  it('lets so many chats go in a minute, over all transports together', async () => {
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

  it('is spent by the tokens of a day, those of creations and streams included', async () => {
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

describeWith(REDIS)('a caller’s budget in Redis', () => {
  it('is one for all processes, and counted by each alone while Redis is away', async () => {
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
    // The budget no longer refuses; the registry does, because it cannot know whose the context is.
    expect(await ask(two)).toBe('INTERNAL_SERVER_ERROR');
  });
});
