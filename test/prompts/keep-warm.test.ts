import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openStore } from '../../src/store/open-store.js';
import { CHAT_ANSWER } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { LOST, PromptFiles, type PromptGateway, promptFile, promptGateway } from '../support/prompts.js';
import { NOON, TestServer } from '../support/server.js';
import { json, StandIn } from '../support/stand-in.js';

const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { cache { status } } }';
const HELLO = { prompt: 'support', messages: [{ role: 'USER', content: 'hello' }] };
const WARM = { 'support.md': promptFile({ keepWarm: true }) };
const DUE = NOON + 3_600_000 - 300_000;
const OFTEN = { keepWarmEveryMs: 5 };

const quota = (tokens: number) => ({ KEEP_WARM_TOKENS_PER_DAY: String(tokens) });
const pings = ({ contextChats }: PromptGateway) =>
  contextChats.map(({ body }) => JSON.parse(body)).filter(({ max_tokens }) => max_tokens === 1);

async function chat(server: TestServer): Promise<string> {
  const { data, errors } = await server.query<{ chat: { cache: { status: string } } }>(CHAT, {
    input: HELLO,
  });
  expect(errors).toEqual([]);
  return data.chat.cache.status;
}

async function expiryAt(server: TestServer): Promise<number> {
  const query = '{ prompt(name: "support") { cache { expiresAt } } }';
  const { data } = await server.query<{ prompt: { cache: { expiresAt: string } } }>(query);
  return Date.parse(data.prompt.cache.expiresAt);
}

async function renewedTokens({ origin }: TestServer): Promise<number> {
  const metrics = await (await fetch(`${origin}/metrics`)).text();
  return Number(/context_cache_keep_warm_tokens_total\{prompt="support"\} (\d+)/.exec(metrics)?.[1] ?? 0);
}

/** Rounds that the server has had the time for. */
async function someRounds(server: TestServer): Promise<void> {
  for (let round = 0; round < 20; round++) await server.query('{ prompts { name } }');
}

describe('a prompt that is kept warm', () => {
  it('is renewed with a chat of one token shortly before it expires, and not earlier', async () => {
    using files = new PromptFiles(WARM);
    await using gateway = await promptGateway();
    await using server = await TestServer.before(gateway, { ...files.env, ...quota(1_000) }, OFTEN);
    await chat(server);
    server.clock = () => DUE - 1;
    await someRounds(server);
    expect(pings(gateway)).toEqual([]);
    server.clock = () => DUE;
    await eventually(() => pings(gateway).length > 0);
    expect(pings(gateway)).toEqual([
      {
        context_id: 'ctx-1',
        model: 'Doubao-1.5-pro-32k',
        messages: [{ role: 'user', content: '.' }],
        max_tokens: 1,
      },
    ]);
    server.clock = () => NOON + 3_600_000 + 1;
    expect(await chat(server)).toBe('USED');
    expect(gateway.creates).toHaveLength(1);
  });

  it('costs no caller anything, and is counted apart and in a metric', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'warm-'));
    const url = `sqlite:${join(folder, 'contexts.db')}`;
    using files = new PromptFiles(WARM);
    await using gateway = await promptGateway();
    {
      const env = { ...files.env, ...quota(1_000), STORE_URL: url, METRICS: 'on' };
      await using server = await TestServer.before(gateway, env, OFTEN);
      await chat(server);
      server.clock = () => DUE;
      await eventually(async () => (await renewedTokens(server)) === 20);
      const { data } = await server.query(
        '{ cacheReport { totals { chats } byPrompt { totals { chats } } } }',
      );
      expect(data).toEqual({ cacheReport: { totals: { chats: 1 }, byPrompt: [{ totals: { chats: 1 } }] } });
    }
    const store = openStore(url, pino({ level: 'silent' }));
    expect(await store.usage('keep-warm', 0, DUE)).toMatchObject([
      { name: 'support', chats: 1, promptTokens: 20 },
    ]);
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('is left to expire once the tokens of the day are used up', async () => {
    using files = new PromptFiles(WARM);
    await using gateway = await promptGateway();
    // A renewal is estimated at 8 tokens and counts 20.
    await using server = await TestServer.before(gateway, { ...files.env, ...quota(27) }, OFTEN);
    await chat(server);
    server.clock = () => DUE;
    await eventually(async () => (await expiryAt(server)) === DUE + 3_600_000);
    server.clock = () => DUE + 3_300_000;
    await eventually(() => server.log.some((line) => line.includes('no tokens are left')));
    expect(pings(gateway)).toHaveLength(1);
  });

  it('costs what its context is estimated at where the gateway does not count', async () => {
    using files = new PromptFiles(WARM);
    await using gateway = await promptGateway();
    const { usage: _, ...uncounted } = CHAT_ANSWER;
    gateway.onChat = (response) => json(response, 200, uncounted);
    // Enough for one renewal, which is estimated at 8 tokens.
    const env = { ...files.env, ...quota(15), METRICS: 'on' };
    await using server = await TestServer.before(gateway, env, OFTEN);
    await chat(server);
    server.clock = () => DUE;
    await eventually(async () => (await expiryAt(server)) === DUE + 3_600_000);
    server.clock = () => DUE + 3_300_000;
    await eventually(
      async () => pings(gateway).length > 1 || server.log.some((line) => line.includes('no tokens are left')),
    );
    expect(pings(gateway)).toHaveLength(1);
    expect(await renewedTokens(server)).toBe(8);
  });

  it('is left alone where nothing may be spent, and where its file does not ask for it', async () => {
    using files = new PromptFiles(WARM);
    using others = new PromptFiles();
    for (const env of [files.env, { ...others.env, ...quota(1_000) }]) {
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway, env, OFTEN);
      await chat(server);
      server.clock = () => DUE;
      await someRounds(server);
      expect(pings(gateway)).toEqual([]);
    }
  });

  it('is forgotten when the gateway has lost it, so that the next chat creates it', async () => {
    using files = new PromptFiles(WARM);
    await using gateway = await promptGateway();
    await using server = await TestServer.before(gateway, { ...files.env, ...quota(1_000) }, OFTEN);
    await chat(server);
    gateway.onChat = LOST;
    server.clock = () => DUE;
    await eventually(() => server.log.some((line) => line.includes('could not be kept warm')));
    expect(pings(gateway)).toHaveLength(1);
    gateway.onChat = (response) => json(response, 200, CHAT_ANSWER);
    expect(await chat(server)).toBe('CREATED');
  });

  it('is renewed by one process of several', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'warm-'));
    const url = `sqlite:${join(folder, 'contexts.db')}`;
    using files = new PromptFiles(WARM);
    await using gateway = await promptGateway();
    const env = { ...files.env, ...quota(1_000), STORE_URL: url };
    await using one = await TestServer.before(gateway, env, OFTEN);
    await using two = await TestServer.before(gateway, env, OFTEN);
    await chat(one);
    await chat(two);
    one.clock = () => DUE;
    two.clock = () => DUE;
    await eventually(() => pings(gateway).length > 0);
    await someRounds(one);
    await someRounds(two);
    expect(pings(gateway)).toHaveLength(1);
    rmSync(folder, { recursive: true });
  });

  describe('until a fixed time', () => {
    beforeAll(() => {
      StandIn.api = 'responses';
    });
    afterAll(() => {
      StandIn.api = 'context';
    });

    it('is created again by one process of several, and costs the others nothing', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'warm-'));
      const url = `sqlite:${join(folder, 'contexts.db')}`;
      using files = new PromptFiles(WARM);
      await using gateway = await promptGateway();
      // Enough for two creations of 8 tokens, and not for three.
      const env = { ...files.env, ...quota(23), STORE_URL: url, METRICS: 'on' };
      await using one = await TestServer.before(gateway.standIn, env, OFTEN);
      await using two = await TestServer.before(gateway.standIn, env, OFTEN);
      gateway.standIn.now = () => Math.max(one.clock(), two.clock());
      await chat(one);
      await chat(two);
      const first = DUE + 1_000;
      const second = first + 3_300_000 + 1_000;
      const renewedAt = (time: number, server: TestServer) =>
        eventually(async () => (await expiryAt(server)) === time + 3_600_000);
      one.clock = () => first;
      await renewedAt(first, one);
      two.clock = () => first;
      await renewedAt(first, two);
      expect([await renewedTokens(one), await renewedTokens(two)]).toEqual([8, 0]);
      two.clock = () => second;
      await renewedAt(second, two);
      expect([await renewedTokens(one), await renewedTokens(two)]).toEqual([8, 8]);
      expect(gateway.creates).toHaveLength(3);
      rmSync(folder, { recursive: true });
    });

    it('is found again by the other processes, also when the tokens of the day are used up', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'warm-'));
      const url = `sqlite:${join(folder, 'contexts.db')}`;
      using files = new PromptFiles(WARM);
      await using gateway = await promptGateway();
      // Enough for one creation of 8 tokens.
      const env = { ...files.env, ...quota(15), STORE_URL: url };
      await using one = await TestServer.before(gateway.standIn, env, OFTEN);
      await using two = await TestServer.before(gateway.standIn, env, OFTEN);
      gateway.standIn.now = () => Math.max(one.clock(), two.clock());
      await chat(one);
      await chat(two);
      const due = DUE + 1_000;
      one.clock = () => due;
      await eventually(async () => (await expiryAt(one)) === due + 3_600_000);
      two.clock = () => due;
      const hasWarned = () => two.log.some((line) => line.includes('no tokens are left'));
      await eventually(async () => hasWarned() || (await expiryAt(two)) === due + 3_600_000);
      expect(hasWarned()).toBe(false);
      rmSync(folder, { recursive: true });
    });
  });
});
