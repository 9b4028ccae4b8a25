import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { expireLeases } from '../support/expire-leases.js';
import { describeWith, REDIS } from '../support/programs.js';
import { PromptFiles, promptFile, promptGateway } from '../support/prompts.js';
import { RedisServer } from '../support/redis.js';
import { ServerProcess } from '../support/server-process.js';

const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { cache { status promptVersion } } }';
const HELLO = { input: { prompt: 'support', messages: [{ role: 'USER', content: 'hello' }] } };
const PATIENT = { PROMPT_WAIT_MS: '30000', RATE_LIMIT_CHATS_PER_MINUTE: '0' };

async function chat(server: ServerProcess) {
  const { data, errors } = await server.ask(CHAT, HELLO);
  expect(errors).toBeUndefined();
  return data.chat.cache;
}

function behaviours(storeUrl: () => string, processes: number) {
  it('create a prompt’s context once for 200 first chats', async () => {
    using files = new PromptFiles();
    await using gateway = await promptGateway();
    const start = () => ServerProcess.before(gateway, storeUrl(), { ...files.env, ...PATIENT });
    const servers = await Promise.all(Array.from({ length: processes }, start));
    await using _ = {
      async [Symbol.asyncDispose]() {
        for (const server of servers) await server.kill();
      },
    };
    const { onCreate } = gateway;
    // Answered only once every process has had the time to ask.
    gateway.onCreate = async (...asked) => {
      await Promise.all(servers.map((server) => server.ask('{ prompts { name } }')));
      onCreate(...asked);
    };
    const chats = await Promise.all(
      Array.from({ length: 200 }, (_, index) => chat(servers[index % processes] as ServerProcess)),
    );
    expect(gateway.creates).toHaveLength(1);
    expect(gateway.plainChats).toHaveLength(0);
    expect(chats.filter(({ status }) => status === 'CREATED')).toHaveLength(1);
    expect(chats.filter(({ status }) => status === 'USED')).toHaveLength(199);
  });

  it('go on if one is killed between the creation and its record', async () => {
    using files = new PromptFiles();
    await using gateway = await promptGateway();
    const { onCreate } = gateway;
    gateway.onCreate = () => {};
    await using doomed = await ServerProcess.before(gateway, storeUrl(), { ...files.env, ...PATIENT });
    const cut = doomed.ask(CHAT, HELLO).catch(() => 'cut');
    await eventually(() => gateway.creates.length === 1);
    await doomed.kill();
    expect(await cut).toBe('cut');
    gateway.onCreate = onCreate;
    // While the lease of the killed process lasts, chats go without.
    await using heir = await ServerProcess.before(gateway, storeUrl(), { ...files.env, PROMPT_WAIT_MS: '1' });
    expect((await chat(heir)).status).toBe('BYPASSED');
    await expireLeases(storeUrl());
    await eventually(async () => (await chat(heir)).status === 'USED');
    expect(gateway.creates).toHaveLength(2);
  });

  it('give each chat one version while a new one is rolled over under load', async () => {
    using files = new PromptFiles({ 'support.md': promptFile({}, 'one') });
    await using gateway = await promptGateway();
    const start = () => ServerProcess.before(gateway, storeUrl(), { ...files.env, ...PATIENT });
    await using one = await start();
    await using two = await start();
    const { promptVersion: old } = await chat(one);
    const seen: { status: string; promptVersion: string }[] = [];
    let isRolledOver = false;
    const ask = async (server: ServerProcess) => {
      while (!isRolledOver) seen.push(await chat(server));
    };
    const load = [one, two, one, two].map(ask);
    await eventually(() => seen.length > 20);
    files.write('support.md', promptFile({}, 'two'));
    const isNew = async (server: ServerProcess) => (await chat(server)).promptVersion !== old;
    await eventually(async () => (await isNew(one)) && (await isNew(two)));
    isRolledOver = true;
    await Promise.all(load);
    expect(seen.filter(({ status }) => status === 'BYPASSED')).toEqual([]);
    expect(gateway.creates.map(({ body }) => JSON.parse(body).messages[0].content)).toEqual(['one', 'two']);
    // Every chat named the context of the version that it reported.
    const chats = gateway.contextChats.map(({ body }) => JSON.parse(body).context_id);
    const versions = seen.filter(({ promptVersion }) => promptVersion === old).length;
    expect(chats.filter((id) => id === 'ctx-1').length).toBeGreaterThanOrEqual(versions);
    expect(new Set(chats)).toEqual(new Set(['ctx-1', 'ctx-2']));
  });
}

describe('processes on one SQLite file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'prompt-processes-'));
  let files = 0;
  behaviours(() => `sqlite:${join(folder, `${files}.db`)}`, 2);
  afterEach(() => void files++);
  afterAll(() => rmSync(folder, { recursive: true }));
});

describeWith(REDIS)('processes on one Redis', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await RedisServer.start();
  });
  afterEach(() => redis.stop());
  behaviours(() => redis.url, 4);

  it('chat without a context while it is down', async () => {
    using files = new PromptFiles();
    await using gateway = await promptGateway();
    await using server = await ServerProcess.before(gateway, redis.url, files.env);
    expect((await chat(server)).status).toBe('CREATED');
    await redis.stop();
    await server.untilReady(503);
    expect(await chat(server)).toMatchObject({ status: 'BYPASSED' });
    await eventually(() => server.said.includes('the totals of a chat were missed'));
  });
});
