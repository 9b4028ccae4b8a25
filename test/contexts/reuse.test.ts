import { describeThroughEachApi } from '../support/apis.js';
import { CHAT_ANSWER } from '../support/chat-answers.js';
import { NOON, TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { QUESTION } from '../support/streams.js';
import { bearer, JWT } from '../support/tokens.js';

const CREATE = `mutation ($input: CreateContextInput!) {
  createContext(input: $input) { id reused expiresAt totals { chats } }
}`;
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { context { totals { chats } } } }';
const LIST = '{ contexts { edges { node { id totals { chats } } } } }';
const FORGET = 'mutation ($id: ID!) { forgetContext(id: $id) }';
const PREFIX = {
  model: 'Doubao-1.5-pro-32k',
  messages: [{ role: 'SYSTEM', content: 'a long persona' }],
  mode: 'COMMON_PREFIX',
  reuse: true,
};
const [ALICE, BOB, MALLORY] = [bearer('alice'), bearer('bob'), bearer('mallory')];
const EVERYONE = { ...JWT, REUSE_SCOPE: 'everyone' };

interface Created {
  createContext: { id: string; reused: boolean };
}

/** A gateway that gives each context an id of its own. */
function countingGateway(ttl = 3_600) {
  let created = 0;
  return StandIn.start((response, _, { path, body }) => {
    if (path !== '/v1/context/create') return json(response, 200, CHAT_ANSWER);
    const { mode } = JSON.parse(body);
    json(response, 200, { ...CREATED, id: `ctx-${++created}`, ttl, mode });
  });
}

async function create(server: TestServer, change: object = {}, headers = {}) {
  const { data, errors } = await server.query<Created>(CREATE, { input: { ...PREFIX, ...change } }, headers);
  expect(errors).toEqual([]);
  const { id, reused } = data.createContext;
  return [id, reused];
}

describeThroughEachApi('createContext with reuse', (api) => {
  describe('reuse', () => {
    it('returns the live context of the same prefix and reports it', async () => {
      await using gateway = await countingGateway();
      await using server = await TestServer.before(gateway);
      expect(await create(server)).toEqual(['ctx-1', false]);
      expect(await create(server)).toEqual(['ctx-1', true]);
      expect(await create(server, { messages: [{ content: 'a long persona', role: 'SYSTEM' }] })).toEqual([
        'ctx-1',
        true,
      ]);
      expect(gateway.seen).toHaveLength(1);
      expect(JSON.parse(gateway.seen[0]?.body ?? '')).toEqual({
        model: 'Doubao-1.5-pro-32k',
        messages: [{ role: 'system', content: 'a long persona' }],
        ...(api.name !== 'responses' && { mode: 'common_prefix' }),
      });
    });

    it.each([
      ['another model', { model: 'Doubao-pro-32k' }],
      ['another ttl', { ttl: 3_600 }],
      ['another content', { messages: [{ role: 'SYSTEM', content: 'a long persona ' }] }],
      ['another role', { messages: [{ role: 'USER', content: 'a long persona' }] }],
      ['one more message', { messages: [...PREFIX.messages, { role: 'USER' }] }],
      [
        'the same split in two',
        { messages: [{ role: 'SYSTEM', content: 'a long' }, { content: ' persona' }] },
      ],
    ])('creates another context for %s', async (_, change) => {
      await using gateway = await countingGateway();
      await using server = await TestServer.before(gateway);
      await create(server);
      expect(await create(server, change)).toEqual(['ctx-2', false]);
      expect(await create(server, change)).toEqual(['ctx-2', true]);
    });

    it('is not applied unless requested, but finds contexts created without it', async () => {
      await using gateway = await countingGateway();
      await using server = await TestServer.before(gateway);
      await create(server, { reuse: false });
      expect(await create(server)).toEqual(['ctx-1', true]);
      expect(await create(server, { reuse: false })).toEqual(['ctx-2', false]);
      expect(await create(server)).toEqual(['ctx-2', true]);
    });

    it('keeps finding a prefix that is requested again and again, as long as its expiry slides', async () => {
      await using gateway = await countingGateway(7 * 86_400);
      await using server = await TestServer.before(gateway);
      await create(server);
      for (let day = 5; day <= 60; day += 5) {
        server.clock = () => NOON + day * 86_400_000;
        // One that ends seven days after its creation, whatever is asked of it, is found once.
        const nth = Math.floor(day / 10) + 1;
        const wanted = api.expiry === 'SLIDING' ? ['ctx-1', true] : [`ctx-${nth}`, day % 10 === 5];
        expect(await create(server)).toEqual(wanted);
        await server.query(CHAT, { input: { ...QUESTION, contextId: 'ctx-1' } });
      }
    });

    it('does not return a context with less than a minute left', async () => {
      await using gateway = await countingGateway();
      await using server = await TestServer.before(gateway);
      await create(server);
      server.clock = () => NOON + 3_540_000;
      expect(await create(server)).toEqual(['ctx-1', true]);
      server.clock = () => NOON + 3_540_001;
      expect(await create(server)).toEqual(['ctx-2', false]);
      expect(await create(server)).toEqual(['ctx-2', true]);
    });

    it('does not return a forgotten context', async () => {
      await using gateway = await countingGateway();
      await using server = await TestServer.before(gateway);
      await create(server);
      await server.query(FORGET, { id: 'ctx-1' });
      expect(await create(server)).toEqual(['ctx-2', false]);
    });

    it('creates once for many concurrent requests', async () => {
      await using gateway = await countingGateway();
      await using server = await TestServer.before(gateway);
      const all = await Promise.all(Array.from({ length: 20 }, () => create(server)));
      expect(gateway.seen).toHaveLength(1);
      expect(new Set(all.map(([id]) => id))).toEqual(new Set(['ctx-1']));
      expect(all.filter(([, reused]) => reused === false)).toHaveLength(1);
    });

    it('continues for the others when the first client disconnects', async () => {
      const waiting: (() => void)[] = [];
      await using gateway = await StandIn.start((response) => {
        waiting.push(() => json(response, 200, { ...CREATED, mode: 'common_prefix' }));
      });
      await using server = await TestServer.before(gateway);
      const caller = new AbortController();
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ query: CREATE, variables: { input: PREFIX } });
      const first = fetch(server.url, { method: 'POST', headers, body, signal: caller.signal });
      while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
      const second = create(server);
      caller.abort();
      await expect(first).rejects.toThrow();
      waiting[0]?.();
      expect(await second).toEqual([CREATED.id, true]);
      expect(gateway.seen).toHaveLength(1);
    });

    it('reports a failure to all who wait, and tries again for later requests', async () => {
      await using gateway = await StandIn.start((response) => json(response, 429, {}));
      await using server = await TestServer.before(gateway);
      const failed = await server.query(CREATE, { input: PREFIX });
      expect(failed.errors[0]?.extensions.code).toBe('RATE_LIMITED');
      gateway.answer = (response) => json(response, 200, { ...CREATED, mode: 'common_prefix' });
      expect(await create(server)).toEqual([CREATED.id, false]);
    });

    if (api.hasSessions)
      it.each(['SESSION', null])('is refused with mode %p', async (mode) => {
        await using gateway = await StandIn.start();
        await using server = await TestServer.before(gateway);
        const { errors } = await server.query(CREATE, { input: { ...PREFIX, mode } });
        expect(errors[0]?.extensions).toMatchObject({
          code: 'BAD_USER_INPUT',
          fields: [{ path: ['input', 'reuse'], message: 'may only be used with mode COMMON_PREFIX' }],
        });
        expect(gateway.seen).toEqual([]);
      });

    if (!api.hasSessions)
      it('needs no mode where there is but one', async () => {
        await using gateway = await countingGateway();
        await using server = await TestServer.before(gateway);
        expect(await create(server, { mode: null, ttl: 300 })).toEqual(['ctx-1', false]);
        expect(await create(server, { mode: null, ttl: 300 })).toEqual(['ctx-1', true]);
      });
  });

  describe('reuse by default', () => {
    it('never crosses from one caller to another', async () => {
      await using gateway = await countingGateway();
      await using server = await TestServer.before(gateway, JWT);
      expect(await create(server, {}, ALICE)).toEqual(['ctx-1', false]);
      expect(await create(server, {}, BOB)).toEqual(['ctx-2', false]);
      expect(await create(server, {}, ALICE)).toEqual(['ctx-1', true]);
    });
  });

  describe('reuse by everyone', () => {
    it('shares one context among all callers with the same prefix, and nothing else', async () => {
      await using gateway = await countingGateway();
      await using server = await TestServer.before(gateway, EVERYONE);
      expect(await create(server, {}, ALICE)).toEqual(['ctx-1', false]);
      expect(await create(server, {}, BOB)).toEqual(['ctx-1', true]);
      const input = { ...QUESTION, contextId: 'ctx-1' };
      await server.query(CHAT, { input }, ALICE);
      const listed = async (headers: object) =>
        (await server.query<{ contexts: { edges: unknown[] } }>(LIST, {}, headers as never)).data.contexts
          .edges;
      expect(await listed(ALICE)).toEqual([{ node: { id: 'ctx-1', totals: { chats: 1 } } }]);
      expect(await listed(BOB)).toEqual([{ node: { id: 'ctx-1', totals: { chats: 0 } } }]);
      expect(await listed(MALLORY)).toEqual([]);
      await server.query(FORGET, { id: 'ctx-1' }, ALICE);
      expect(await listed(ALICE)).toEqual([]);
      expect((await server.query(CHAT, { input }, BOB)).errors).toEqual([]);
      for (const stranger of [ALICE, MALLORY]) {
        const { errors } = await server.query(CHAT, { input }, stranger);
        expect(errors[0]?.extensions.code).toBe('CONTEXT_NOT_FOUND');
      }
      expect(await create(server, {}, ALICE)).toEqual(['ctx-1', true]);
      expect(gateway.seen.filter(({ path }) => path === '/v1/context/create')).toHaveLength(1);
    });

    it('creates once for concurrent requests of many callers', async () => {
      await using gateway = await countingGateway();
      await using server = await TestServer.before(gateway, EVERYONE);
      const callers = Array.from({ length: 20 }, (_, index) => bearer(`caller-${index}`));
      const all = await Promise.all(callers.map((headers) => create(server, {}, headers)));
      expect(gateway.seen).toHaveLength(1);
      expect(all.filter(([, reused]) => reused === false)).toHaveLength(1);
      const { data } = await server.query<{ contexts: { edges: unknown[] } }>(LIST, {}, callers[19]);
      expect(data.contexts.edges).toHaveLength(1);
    });

    it('does not share contexts created without reuse', async () => {
      await using gateway = await countingGateway();
      await using server = await TestServer.before(gateway, EVERYONE);
      await create(server, { reuse: false }, ALICE);
      expect(await create(server, {}, BOB)).toEqual(['ctx-2', false]);
    });
  });
});
