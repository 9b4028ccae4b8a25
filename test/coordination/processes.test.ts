import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHAT_ANSWER } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { expireLeases } from '../support/expire-leases.js';
import { describeWith, REDIS } from '../support/programs.js';
import { RedisServer } from '../support/redis.js';
import { ServerProcess } from '../support/server-process.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { QUESTION } from '../support/streams.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id reused } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';
const LIST =
  'query ($after: String) { contexts(first: 100, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } }';
const PREFIX = { model: 'm', messages: [{ content: 'persona' }], mode: 'COMMON_PREFIX', reuse: true };
const SESSION = { model: 'm', messages: [{ content: 'persona' }], mode: 'SESSION' };

/** Each context has an id of its own; chats wait until they are let go. */
async function slowGateway() {
  let created = 0;
  const asked: { text: string; answer: () => void }[] = [];
  const standIn = await StandIn.start((response, _, { path, body }) => {
    const sent = JSON.parse(body);
    if (path === '/v1/context/create') {
      return json(response, 200, { ...CREATED, id: `ctx-${++created}`, mode: sent.mode });
    }
    const text = sent.messages[0].content;
    asked.push({ text, answer: () => json(response, 200, { ...CHAT_ANSWER, id: text }) });
  });
  const untilAsked = (number: number) => eventually(() => asked.length >= number);
  return { standIn, asked, untilAsked, created: () => created };
}

const question = (contextId: string, content: string) => ({
  input: { ...QUESTION, contextId, messages: [{ content }] },
});

async function allIds(server: ServerProcess): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null; ; ) {
    const { data } = await server.ask(LIST, { after });
    const { edges, pageInfo } = data.contexts;
    ids.push(...edges.map(({ node }: { node: { id: string } }) => node.id));
    if (!pageInfo.hasNextPage) return ids;
    after = pageInfo.endCursor;
  }
}

function behaviours(storeUrl: () => string) {
  it('create once for twenty identical concurrent requests', async () => {
    const gateway = await slowGateway();
    await using _ = gateway.standIn;
    await using one = await ServerProcess.before(gateway.standIn, storeUrl());
    await using two = await ServerProcess.before(gateway.standIn, storeUrl());
    const asked = Array.from({ length: 20 }, (_one, index) =>
      (index % 2 ? one : two).ask(CREATE, { input: PREFIX }),
    );
    const created = (await Promise.all(asked)).map(({ data }) => data.createContext);
    expect(gateway.created()).toBe(1);
    expect(created.filter(({ reused }) => !reused)).toHaveLength(1);
  });

  it('run one chat at a time on a session', async () => {
    const gateway = await slowGateway();
    await using _ = gateway.standIn;
    await using one = await ServerProcess.before(gateway.standIn, storeUrl());
    await using two = await ServerProcess.before(gateway.standIn, storeUrl());
    const { data } = await one.ask(CREATE, { input: SESSION });
    const { id } = data.createContext;
    const first = one.ask(CHAT, question(id, 'first'));
    await gateway.untilAsked(1);
    const second = two.ask(CHAT, question(id, 'second'));
    // The other process answers other requests meanwhile, so it has had the time to ask.
    for (let round = 0; round < 20; round++) await two.ask(LIST);
    expect(gateway.asked.map(({ text }) => text)).toEqual(['first']);
    gateway.asked[0]?.answer();
    expect((await first).data).toEqual({ chat: { id: 'first' } });
    await gateway.untilAsked(2);
    gateway.asked[1]?.answer();
    expect((await second).data).toEqual({ chat: { id: 'second' } });
  });

  it('send nothing twice if one was killed during a request with an idempotency key', async () => {
    const gateway = await slowGateway();
    await using _ = gateway.standIn;
    await using doomed = await ServerProcess.before(gateway.standIn, storeUrl());
    const { data } = await doomed.ask(CREATE, { input: SESSION });
    const { input } = question(data.createContext.id, 'once');
    const keyed = { input: { ...input, idempotencyKey: 'key-1' } };
    const cut = doomed.ask(CHAT, keyed).catch(() => 'cut');
    await gateway.untilAsked(1);
    await doomed.kill();
    expect(await cut).toBe('cut');
    await using heir = await ServerProcess.before(gateway.standIn, storeUrl());
    const asking = heir.ask(CHAT, keyed);
    await expireLeases(storeUrl());
    const again = (await asking).errors?.[0];
    expect(again?.extensions).toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: false });
    expect(gateway.asked).toHaveLength(1);
  });

  it('run one chat at a time on a session even if their clocks differ', async () => {
    const gateway = await slowGateway();
    await using _ = gateway.standIn;
    const late = ['test/support/clock-behind.mjs'];
    await using behind = await ServerProcess.before(gateway.standIn, storeUrl(), {}, late);
    await using right = await ServerProcess.before(gateway.standIn, storeUrl());
    const { data } = await right.ask(CREATE, { input: SESSION });
    const { id } = data.createContext;
    const first = behind.ask(CHAT, question(id, 'first'));
    await gateway.untilAsked(1);
    const second = right.ask(CHAT, question(id, 'second'));
    for (let round = 0; round < 20; round++) await right.ask(LIST);
    expect(gateway.asked.map(({ text }) => text)).toEqual(['first']);
    gateway.asked[0]?.answer();
    await first;
    await gateway.untilAsked(2);
    gateway.asked[1]?.answer();
    expect((await second).data).toEqual({ chat: { id: 'second' } });
  });

  it('keep everything that one had acknowledged before it was killed', async () => {
    const gateway = await slowGateway();
    await using _ = gateway.standIn;
    await using doomed = await ServerProcess.before(gateway.standIn, storeUrl());
    await using heir = await ServerProcess.before(gateway.standIn, storeUrl());
    const answered: string[] = [];
    const asking = Array.from({ length: 200 }, async () => {
      const { data } = await doomed.ask(CREATE, { input: SESSION });
      answered.push(data.createContext.id);
      if (answered.length === 50) doomed.child.kill('SIGKILL');
    });
    await Promise.allSettled(asking);
    expect(answered.length).toBeGreaterThanOrEqual(50);
    const kept = new Set(await allIds(heir));
    expect(answered.filter((id) => !kept.has(id))).toEqual([]);
  });
}

describe('two processes on one SQLite file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'processes-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let files = 0;
  behaviours(() => `sqlite:${join(folder, `${expect.getState().currentTestName?.length}-${files}.db`)}`);
  afterEach(() => void files++);

  it('can start at the same time on a new file', async () => {
    for (let round = 0; round < 2; round++) {
      const env = { STORE_URL: `sqlite:${join(folder, `new-${round}.db`)}` };
      const starts = await Promise.allSettled(Array.from({ length: 3 }, () => ServerProcess.start(env)));
      for (const start of starts) if (start.status === 'fulfilled') await start.value[Symbol.asyncDispose]();
      expect(starts.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    }
  });
});

describeWith(REDIS)('two processes on one Redis', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await RedisServer.start();
  });
  afterEach(() => redis.stop());
  behaviours(() => redis.url);

  it('fail closed while it is down, deliver a finished chat, and recover', async () => {
    const gateway = await slowGateway();
    await using _ = gateway.standIn;
    await using server = await ServerProcess.before(gateway.standIn, redis.url);
    await server.untilReady(200);
    const { data } = await server.ask(CREATE, { input: SESSION });
    const { id } = data.createContext;
    const chat = server.ask(CHAT, question(id, 'first'));
    await gateway.untilAsked(1);
    await redis.stop();
    gateway.asked[0]?.answer();
    expect(await chat).toEqual({ data: { chat: { id: 'first' } } });
    await server.untilReady(503);
    const closed = [{ extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: true } }];
    expect(await server.ask(CHAT, question(id, 'x'))).toMatchObject({ errors: closed });
    expect(await server.ask(CREATE, { input: SESSION })).toMatchObject({ errors: closed });
    expect(await server.ask(LIST)).toMatchObject({ errors: closed });
    expect(gateway.created()).toBe(1);
    expect(gateway.asked).toHaveLength(1);
    await redis.startAgain();
    await server.untilReady(200);
    expect((await server.ask(CREATE, { input: SESSION })).errors).toBeUndefined();
  });

  it('can start before it', async () => {
    const gateway = await slowGateway();
    await using _ = gateway.standIn;
    await redis.stop();
    await using server = await ServerProcess.before(gateway.standIn, redis.url);
    expect(await server.ready()).toBe(503);
    await redis.startAgain();
    await server.untilReady(200);
    expect((await server.ask(CREATE, { input: SESSION })).errors).toBeUndefined();
  });
});
