import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHAT_ANSWER } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { expireLeases } from '../support/expire-leases.js';
import { describeWith, REDIS } from '../support/programs.js';
import { RedisServer } from '../support/redis.js';
import { TestServer } from '../support/server.js';
import { ServerProcess } from '../support/server-process.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { QUESTION } from '../support/streams.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id context { id } } }';
const PREFIX = { model: QUESTION.model, messages: [{ content: 'persona' }], mode: 'COMMON_PREFIX' };
const LOST = { error: { code: 'ContextNotFound', message: 'no such context' } };
const ask = (contextId: string) => ({ input: { ...QUESTION, contextId } });

/** Counts what it creates, loses it when it is told to, and answers only while it is let. */
async function gatewayThatLoses() {
  const live = new Set<string>();
  const gateway = { created: 0, waiting: [] as (() => void)[], isSlow: false };
  const standIn = await StandIn.start((response, _, { path, body }) => {
    const sent = JSON.parse(body);
    const answer = () => {
      if (path === '/v1/context/create') {
        const id = `ctx-${++gateway.created}`;
        live.add(id);
        json(response, 200, { ...CREATED, id, mode: sent.mode ?? 'session' });
      } else if (live.has(sent.context_id)) json(response, 200, CHAT_ANSWER);
      else json(response, 404, LOST);
    };
    if (gateway.isSlow) gateway.waiting.push(answer);
    else answer();
  });
  return Object.assign(gateway, { standIn, forgetAll: () => live.clear() });
}

function behaviours(storeUrl: () => string) {
  it('process an idempotency key once, while it is running and after a restart', async () => {
    const gateway = await gatewayThatLoses();
    await using standIn = gateway.standIn;
    const input = { ...PREFIX, idempotencyKey: 'key-1' };
    const answers: unknown[] = [];
    {
      await using one = await TestServer.before(standIn, { STORE_URL: storeUrl() });
      await using two = await TestServer.before(standIn, { STORE_URL: storeUrl() });
      gateway.isSlow = true;
      const asked = [one, two, one, two].map((server) => server.query(CREATE, { input }));
      await eventually(() => gateway.waiting.length === 1);
      gateway.waiting[0]?.();
      answers.push(...(await Promise.all(asked)).map(({ data }) => data));
      gateway.isSlow = false;
    }
    await using later = await TestServer.before(standIn, { STORE_URL: storeUrl() });
    answers.push((await later.query(CREATE, { input })).data);
    expect(answers).toEqual(Array(5).fill({ createContext: { id: 'ctx-1' } }));
    const other = await later.query(CREATE, { input: { ...input, ttl: 3_600 } });
    expect(other.errors[0]?.extensions.code).toBe('IDEMPOTENCY_CONFLICT');
    expect(gateway.created).toBe(1);
  });

  it('recreate a lost prefix once for all waiting requests, under the same public id', async () => {
    const gateway = await gatewayThatLoses();
    await using standIn = gateway.standIn;
    await using one = await TestServer.before(standIn, { STORE_URL: storeUrl() });
    await using two = await TestServer.before(standIn, { STORE_URL: storeUrl() });
    await one.query(CREATE, { input: PREFIX });
    gateway.forgetAll();
    const asked = Array.from({ length: 10 }, (_, place) => (place % 2 ? one : two).query(CHAT, ask('ctx-1')));
    for (const { data, errors } of await Promise.all(asked)) {
      expect({ data, errors }).toMatchObject({ data: { chat: { context: { id: 'ctx-1' } } }, errors: [] });
    }
    expect(gateway.created).toBe(2);
  });

  it('take over the session of a server that was killed during a chat, once its lease has expired', async () => {
    const gateway = await gatewayThatLoses();
    await using standIn = gateway.standIn;
    await using doomed = await ServerProcess.before(standIn, storeUrl());
    await using heir = await TestServer.before(standIn, { STORE_URL: storeUrl() });
    heir.clock = () => Date.now();
    const { data } = await doomed.ask(CREATE, { input: { ...PREFIX, mode: 'SESSION' } });
    const { id } = data.createContext;
    gateway.isSlow = true;
    const cut = doomed.ask(CHAT, ask(id)).catch(() => 'cut');
    await eventually(() => gateway.waiting.length === 1);
    await doomed.kill();
    expect(await cut).toBe('cut');
    const next = heir.query(CHAT, ask(id));
    // Nobody can know that the holder is dead until its lease has expired.
    for (let round = 0; round < 20; round++) await heir.query('{ contexts { edges { node { id } } } }');
    expect(gateway.waiting).toHaveLength(1);
    await expireLeases(storeUrl());
    const hasAsked = eventually(() => gateway.waiting.length === 2);
    // An answer before that says what went wrong.
    expect(await Promise.race([hasAsked, next])).toBeUndefined();
    gateway.waiting[1]?.();
    expect((await next).errors).toEqual([]);
  });
}

describe('servers on one SQLite file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'across-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let files = 0;
  beforeEach(() => void files++);
  behaviours(() => `sqlite:${join(folder, `${files}.db`)}`);
});

describeWith(REDIS)('servers on one Redis', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await RedisServer.start();
  });
  afterEach(() => redis.stop());
  behaviours(() => redis.url);
});
