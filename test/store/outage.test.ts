import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beginStream, CHAT_ANSWER, STREAM } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { expireLeases } from '../support/expire-leases.js';
import { hold } from '../support/holding.js';
import { describeWith, REDIS } from '../support/programs.js';
import { RedisServer } from '../support/redis.js';
import { type GraphQLAnswer, TestServer } from '../support/server.js';
import { ServerProcess } from '../support/server-process.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from '../support/streams.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';
const FIND = 'query ($id: ID!) { context(id: $id) { id } }';
const LIST = `query ($after: String) {
  contexts(first: 100, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } }
}`;
const INPUT = { input: { model: 'm', messages: [{ content: 'a' }] } };
const CLOSED = [{ extensions: { code: 'INTERNAL_SERVER_ERROR', retryable: true } }];

interface Page {
  contexts: {
    edges: { node: { id: string } }[];
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
  };
}

const folder = mkdtempSync(join(tmpdir(), 'outage-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A gateway that gives each context an id of its own, and answers chats when it is told to. */
async function heldUpGateway() {
  let created = 0;
  const waiting: (() => void)[] = [];
  const standIn = await StandIn.start((response, _, { path, body }) => {
    if (path === '/v1/context/create') return json(response, 200, { ...CREATED, id: `ctx-${++created}` });
    const { stream } = JSON.parse(body);
    waiting.push(() => (stream ? beginStream(response).end(STREAM) : json(response, 200, CHAT_ANSWER)));
  });
  return { standIn, waiting };
}

async function isReady({ origin }: TestServer): Promise<boolean> {
  return (await fetch(`${origin}/readyz`)).ok;
}

describeWith(REDIS)('a Redis that goes away', () => {
  const chats: [string, (server: TestServer) => Promise<unknown>][] = [
    ['chat', async (server) => (await server.query(CHAT, { input: QUESTION })).errors],
    [
      'chat with an idempotency key',
      async (server) =>
        (await server.query(CHAT, { input: { ...QUESTION, idempotencyKey: 'key-1' } })).errors,
    ],
    ...TRANSPORTS.map(([name, connect]): [string, (server: TestServer) => Promise<unknown>] => [
      `stream over ${name}`,
      async (server) => {
        const client = connect(server);
        const { errors, last } = await collect(client.open());
        client.close();
        return [...errors, ...(last?.__typename === 'ChatDone' ? [] : [last])];
      },
    ]),
  ];
  it.each(chats)('does not cost a %s its answer, and the missed totals are logged', async (_, chat) => {
    await using redis = await RedisServer.start();
    const gateway = await heldUpGateway();
    await using standIn = gateway.standIn;
    await using server = await TestServer.before(standIn, { STORE_URL: redis.url });
    await hold(server, standIn);
    const chatting = chat(server);
    await eventually(() => gateway.waiting.length === 1);
    await redis.stop();
    gateway.waiting[0]?.();
    expect(await chatting).toEqual([]);
    const missed = server.log.map((line) => JSON.parse(line)).filter(({ missed }) => missed);
    expect(missed).toMatchObject([
      {
        level: 50,
        msg: 'the totals of a chat were missed',
        missed: { chats: 1, promptTokens: 20, cachedTokens: 8, completionTokens: 3 },
      },
    ]);
  });

  it('leaves the key of an answer that could not be stored consumed', async () => {
    await using redis = await RedisServer.start(mkdtempSync(join(folder, 'redis-')));
    const gateway = await heldUpGateway();
    await using standIn = gateway.standIn;
    await using server = await TestServer.before(standIn, { STORE_URL: redis.url });
    await hold(server, standIn);
    const input = { ...QUESTION, idempotencyKey: 'key-1' };
    const chatting = server.query(CHAT, { input });
    await eventually(() => gateway.waiting.length === 1);
    await redis.stop();
    gateway.waiting[0]?.();
    expect((await chatting).errors).toEqual([]);
    await redis.startAgain();
    await eventually(() => isReady(server));
    await expireLeases(redis.url);
    const [again] = (await server.query(CHAT, { input })).errors;
    expect(again?.extensions).toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: false });
    expect(gateway.waiting).toHaveLength(1);
  });

  it('loses nothing that was answered under load, and needs no restart', async () => {
    await using redis = await RedisServer.start(folder);
    await using gateway = (await heldUpGateway()).standIn;
    await using server = await TestServer.before(gateway, { STORE_URL: redis.url });
    const created: string[] = [];
    const failures: unknown[] = [];
    let isOver = false;
    const callers = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        await pause(5);
        const { data, errors } = await server.query<{ createContext: { id: string } }>(CREATE, INPUT);
        if (errors.length > 0) failures.push(errors);
        else created.push(data.createContext.id);
      }
    });
    await eventually(() => created.length > 50);
    await redis.stop();
    await eventually(() => failures.length > 50);
    expect(await isReady(server)).toBe(false);
    await redis.startAgain();
    await eventually(() => isReady(server));
    const before = created.length;
    await eventually(() => created.length > before + 50);
    isOver = true;
    await Promise.all(callers);
    for (const errors of failures) expect(errors).toMatchObject(CLOSED);
    const kept = new Set(await allIds(server));
    expect(created.filter((id) => !kept.has(id))).toEqual([]);
  });

  it('does not block callers when it hangs', async () => {
    await using redis = await RedisServer.start();
    await using gateway = (await heldUpGateway()).standIn;
    await using server = await TestServer.before(gateway, { STORE_URL: redis.url });
    await hold(server, gateway);
    redis.pause();
    const [find, create] = await Promise.all([
      server.query(FIND, { id: QUESTION.contextId }),
      server.query(CREATE, INPUT),
    ]);
    expect([find.errors, create.errors]).toMatchObject([CLOSED, CLOSED]);
    redis.goOn();
    await eventually(() => isReady(server));
    expect((await server.query(FIND, { id: QUESTION.contextId })).errors).toEqual([]);
  });
});

describe('a file that cannot grow', () => {
  it('fails closed like a full disk, delivers a finished chat, and recovers', async () => {
    const gateway = await heldUpGateway();
    await using standIn = gateway.standIn;
    const path = join(folder, 'full.db');
    await using server = await ServerProcess.before(standIn, `sqlite:${path}`);
    const { data } = await server.ask(CREATE, INPUT);
    const { id } = data.createContext;
    const chatting = server.ask(CHAT, { input: { ...QUESTION, contextId: id } });
    await eventually(() => gateway.waiting.length === 1);
    limitFiles(server, statSync(`${path}-wal`).size);
    gateway.waiting[0]?.();
    expect(await chatting).toEqual({ data: { chat: { id: CHAT_ANSWER.id } } });
    await eventually(() => server.said.includes('the totals of a chat were missed'));
    expect(await server.ready()).toBe(503);
    expect(await server.ask(CREATE, INPUT)).toMatchObject({ errors: CLOSED });
    expect(await server.ask(CHAT, { input: { ...QUESTION, contextId: id } })).toMatchObject({
      errors: CLOSED,
    });
    expect(gateway.waiting).toHaveLength(1);
    limitFiles(server, 'unlimited');
    expect(await server.ready()).toBe(200);
    const after = await server.ask(CREATE, INPUT);
    expect(after.errors).toBeUndefined();
    for (const known of [id, after.data.createContext.id]) {
      expect((await server.ask(FIND, { id: known })).errors).toBeUndefined();
    }
  });
});

async function allIds(server: TestServer): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null; ; ) {
    const { data }: GraphQLAnswer<Page> = await server.query<Page>(LIST, { after });
    ids.push(...data.contexts.edges.map(({ node }) => node.id));
    if (!data.contexts.pageInfo.hasNextPage) return ids;
    after = data.contexts.pageInfo.endCursor;
  }
}

/** What the system refuses to write past; the soft limit only, so that it can be lifted again. */
function limitFiles({ child }: ServerProcess, bytes: number | 'unlimited'): void {
  const { status } = spawnSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:`]);
  expect(status).toBe(0);
}
