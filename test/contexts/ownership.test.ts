import { describeThroughEachApi } from '../support/apis.js';
import { CHAT_ANSWER } from '../support/chat-answers.js';
import { defaultMode, hold, serverHolding } from '../support/holding.js';
import { NOON, TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from '../support/streams.js';
import { bearer, JWT } from '../support/tokens.js';

const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id context { id } } }';
const FIND = `query ($id: ID!) { context(id: $id) {
  id model mode ttl createdAt expiresAt lastUsedAt reused
  truncationStrategy { type rollingTokens }
  usage { promptTokens promptTokensDetails { cachedTokens } }
  totals { chats promptTokens cachedTokens completionTokens cacheHitRate }
} }`;
const LIST = `query ($first: Int! = 20, $after: String) { contexts(first: $first, after: $after) {
  edges { node { id } cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
} }`;
const FORGET = 'mutation ($id: ID!) { forgetContext(id: $id) }';
const REPORT = `query ($since: DateTimeISO) { cacheReport(since: $since) {
  contexts
  totals { chats promptTokens cachedTokens completionTokens cacheHitRate }
  byModel { model contexts totals { chats } }
} }`;

const [ALICE, MALLORY] = [bearer('alice'), bearer('mallory')];

interface Page {
  contexts: {
    edges: { node: { id: string }; cursor: string }[];
    pageInfo: {
      hasNextPage: boolean;
      hasPreviousPage: boolean;
      startCursor: string | null;
      endCursor: string | null;
    };
  };
}

const NOT_FOUND = {
  message: 'There is no such context, or it has expired. Create a new one with `createContext`.',
  extensions: { code: 'CONTEXT_NOT_FOUND', retryable: false },
};

describeThroughEachApi('contexts', (api) => {
  describe('a context', () => {
    it('cannot be told apart from none by anyone but its creator, and costs them no call', async () => {
      await using gateway = await StandIn.start((response) => json(response, 200, CHAT_ANSWER));
      await using server = await TestServer.before(gateway, JWT);
      await hold(server, gateway, { ids: ['ctx-of-alice'] }, ALICE);
      for (const [contextId, headers] of [
        ['ctx-of-alice', MALLORY],
        ['ctx-unknown', ALICE],
      ] as const) {
        const { errors: chat } = await server.query(CHAT, { input: { ...QUESTION, contextId } }, headers);
        const { errors: find } = await server.query(FIND, { id: contextId }, headers);
        expect([chat, find]).toMatchObject([[NOT_FOUND], [NOT_FOUND]]);
        expect(chat[0]?.extensions).toEqual({
          ...NOT_FOUND.extensions,
          requestId: expect.any(String),
        });
        for (const [, connect] of TRANSPORTS) {
          const client = connect(server, headers.authorization);
          const { errors } = await collect(client.open({ ...QUESTION, contextId }));
          expect(errors).toMatchObject([NOT_FOUND]);
          client.close();
        }
        expect(await server.query(FORGET, { id: contextId }, headers)).toMatchObject({
          data: { forgetContext: false },
        });
      }
      expect(gateway.seen).toEqual([]);
      expect((await server.query<Page>(LIST, {}, MALLORY)).data.contexts.edges).toEqual([]);
      const { errors } = await server.query(
        CHAT,
        { input: { ...QUESTION, contextId: 'ctx-of-alice' } },
        ALICE,
      );
      expect(errors).toEqual([]);
    });

    it('is gone when its time to live is over, without a call', async () => {
      await using gateway = await StandIn.start((response) => json(response, 200, CHAT_ANSWER));
      await using server = await serverHolding(gateway);
      server.clock = () => NOON + 3_600_000;
      expect((await server.query(CHAT, { input: QUESTION })).errors).toMatchObject([NOT_FOUND]);
      expect((await server.query(FIND, { id: QUESTION.contextId })).errors).toMatchObject([NOT_FOUND]);
      expect(gateway.seen).toEqual([]);
    });

    it('that this server did not create is the gateway’s to judge where callers bring their own keys', async () => {
      await using gateway = await StandIn.start((response) => json(response, 200, CHAT_ANSWER));
      await using server = await TestServer.passingOn(gateway);
      const headers = { authorization: 'Bearer sk-mine' };
      const { data, errors } = await server.query<{ chat: object }>(CHAT, { input: QUESTION }, headers);
      expect({ data, errors }).toMatchObject({
        data: { chat: { id: 'chatcmpl-1', context: null } },
        errors: [],
      });
      expect(gateway.seen[0]?.headers.authorization).toBe('Bearer sk-mine');
    });

    it('that has expired is listed no more there, and the gateway’s to judge', async () => {
      await using gateway = await StandIn.start((response) => json(response, 200, CHAT_ANSWER));
      await using server = await TestServer.passingOn(gateway);
      const headers = { authorization: 'Bearer sk-mine' };
      await hold(server, gateway, {}, headers);
      server.clock = () => NOON + 3_600_000;
      expect((await server.query(FIND, { id: QUESTION.contextId }, headers)).errors).toMatchObject([
        NOT_FOUND,
      ]);
      gateway.answer = (response) => json(response, 404, { error: { code: 'ContextNotFound' } });
      expect((await server.query(CHAT, { input: QUESTION }, headers)).errors[0]).toMatchObject({
        message: NOT_FOUND.message,
        extensions: { code: 'CONTEXT_NOT_FOUND' },
      });
      expect(gateway.seen).toHaveLength(1);
    });

    it('of one gateway account is not another account’s of the same id', async () => {
      await using gateway = await StandIn.start((response) => json(response, 200, CHAT_ANSWER));
      await using server = await TestServer.passingOn(gateway);
      const [one, two] = [{ authorization: 'Bearer sk-one' }, { authorization: 'Bearer sk-two' }];
      await hold(server, gateway, {}, one);
      await hold(server, gateway, {}, two);
      await server.query(FORGET, { id: QUESTION.contextId }, two);
      expect((await server.query(FIND, { id: QUESTION.contextId }, one)).errors).toEqual([]);
      expect((await server.query(FIND, { id: QUESTION.contextId }, two)).errors).toMatchObject([NOT_FOUND]);
    });

    it('says all that is known of it, and lives on from its last chat if its expiry slides', async () => {
      await using gateway = await StandIn.start((response, _, { path }) =>
        json(response, 200, path === '/v1/context/create' ? CREATED : CHAT_ANSWER),
      );
      await using server = await TestServer.before(gateway);
      const create = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
      await server.query(create, { input: { model: 'm', messages: [{ content: 'a' }] } });
      const fresh = {
        id: CREATED.id,
        model: 'm',
        mode: defaultMode().toUpperCase(),
        ttl: 3600,
        createdAt: new Date(NOON).toISOString(),
        expiresAt: new Date(NOON + 3_600_000).toISOString(),
        lastUsedAt: new Date(NOON).toISOString(),
        reused: false,
        truncationStrategy: api.name === 'responses' ? null : { type: 'ROLLING_TOKENS', rollingTokens: true },
        usage: { promptTokens: 8, promptTokensDetails: { cachedTokens: 0 } },
        totals: { chats: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0, cacheHitRate: null },
      };
      expect((await server.query(FIND, { id: CREATED.id })).data).toEqual({ context: fresh });
      const slides = api.expiry === 'SLIDING';
      for (const minutes of slides ? [59, 118] : [30, 58]) {
        server.clock = () => NOON + minutes * 60_000;
        const { errors } = await server.query(CHAT, { input: { ...QUESTION, contextId: CREATED.id } });
        expect(errors).toEqual([]);
      }
      expect((await server.query(FIND, { id: CREATED.id })).data).toEqual({
        context: {
          ...fresh,
          expiresAt: slides ? new Date(NOON + 178 * 60_000).toISOString() : fresh.expiresAt,
          lastUsedAt: new Date(NOON + (slides ? 118 : 58) * 60_000).toISOString(),
          totals: { chats: 2, promptTokens: 40, cachedTokens: 16, completionTokens: 6, cacheHitRate: 0.4 },
        },
      });
    });

    it('is out of its holder’s hands once it is forgotten', async () => {
      await using gateway = await StandIn.start();
      await using server = await serverHolding(gateway);
      const forget = () => server.query(FORGET, { id: QUESTION.contextId });
      expect((await forget()).data).toEqual({ forgetContext: true });
      expect((await forget()).data).toEqual({ forgetContext: false });
      expect((await server.query(CHAT, { input: QUESTION })).errors).toMatchObject([NOT_FOUND]);
      expect((await server.query<Page>(LIST)).data.contexts.edges).toEqual([]);
    });
  });

  describe('the list of contexts', () => {
    it('has the newest first, page by page, whatever is created meanwhile', async () => {
      await using gateway = await StandIn.start();
      await using server = await TestServer.before(gateway);
      const ids = ['ctx-1', 'ctx-2', 'ctx-3', 'ctx-4', 'ctx-5'];
      for (const [index, id] of ids.entries()) {
        server.clock = () => NOON + index;
        await hold(server, gateway, { ids: [id] });
      }
      const page = async (first: number, after: string | null) =>
        (await server.query<Page>(LIST, { first, after })).data.contexts;
      const one = await page(2, null);
      expect(one.edges.map(({ node }) => node.id)).toEqual(['ctx-5', 'ctx-4']);
      expect(one.pageInfo).toEqual({
        hasNextPage: true,
        hasPreviousPage: false,
        startCursor: one.edges[0]?.cursor,
        endCursor: one.edges[1]?.cursor,
      });
      await hold(server, gateway, { ids: ['ctx-6'] });
      const two = await page(2, one.pageInfo.endCursor);
      expect(two.edges.map(({ node }) => node.id)).toEqual(['ctx-3', 'ctx-2']);
      const three = await page(2, two.pageInfo.endCursor);
      expect(three.edges.map(({ node }) => node.id)).toEqual(['ctx-1']);
      expect(three.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
      const { data } = await server.query<Page>('{ contexts { edges { node { id } } } }');
      expect(data.contexts.edges).toHaveLength(6);
    });

    it('has no previous page once the contexts before it are forgotten, and no cursors where it is empty', async () => {
      await using gateway = await StandIn.start();
      await using server = await TestServer.before(gateway);
      for (const [index, id] of ['ctx-1', 'ctx-2'].entries()) {
        server.clock = () => NOON + index;
        await hold(server, gateway, { ids: [id] });
      }
      const page = async (after: string | null) =>
        (await server.query<Page>(LIST, { first: 1, after })).data.contexts;
      const forget = (id: string) => server.query('mutation ($id: ID!) { forgetContext(id: $id) }', { id });
      const { endCursor } = (await page(null)).pageInfo;
      expect((await page(endCursor)).pageInfo.hasPreviousPage).toBe(true);
      await forget('ctx-2');
      const alone = await page(endCursor);
      expect(alone.edges.map(({ node }) => node.id)).toEqual(['ctx-1']);
      expect(alone.pageInfo.hasPreviousPage).toBe(false);
      await forget('ctx-1');
      expect((await page(endCursor)).pageInfo).toEqual({
        hasNextPage: false,
        hasPreviousPage: false,
        startCursor: null,
        endCursor: null,
      });
    });

    it.each([
      ['first', { first: 0 }, 'must be 1 to 100'],
      ['first', { first: 101 }, 'must be 1 to 100'],
      ['after', { after: 'junk' }, 'must be a cursor from `contexts`'],
      ['after', { after: '' }, 'must be a cursor from `contexts`'],
    ])('refuses %s of %p', async (path, variables, message) => {
      await using server = await TestServer.start();
      const { errors } = await server.query(LIST, variables);
      expect(errors[0]?.extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        fields: [{ path: [path], message }],
      });
    });
  });

  describe('the cache report', () => {
    it('sums what caching saved, by model and since a time, past the contexts’ end', async () => {
      await using gateway = await StandIn.start((response) => json(response, 200, CHAT_ANSWER));
      await using server = await TestServer.before(gateway, JWT);
      await hold(server, gateway, { ids: ['ctx-a'], model: 'a' }, ALICE);
      await hold(server, gateway, { ids: ['ctx-b1', 'ctx-b2'], model: 'b' }, ALICE);
      for (const contextId of ['ctx-a', 'ctx-b1', 'ctx-b1']) {
        await server.query(CHAT, { input: { ...QUESTION, contextId } }, ALICE);
      }
      await server.query(FORGET, { id: 'ctx-b2' }, ALICE);
      const report = async (since: Date | null, headers: Record<string, string>) =>
        (await server.query(REPORT, { since }, headers)).data;
      const all = {
        cacheReport: {
          contexts: 3,
          totals: { chats: 3, promptTokens: 60, cachedTokens: 24, completionTokens: 9, cacheHitRate: 0.4 },
          byModel: [
            { model: 'a', contexts: 1, totals: { chats: 1 } },
            { model: 'b', contexts: 2, totals: { chats: 2 } },
          ],
        },
      };
      server.clock = () => NOON + 5 * 3_600_000;
      expect(await report(null, ALICE)).toEqual(all);
      expect(await report(new Date(NOON), ALICE)).toEqual(all);
      const nothing = { contexts: 0, totals: { chats: 0, cacheHitRate: null }, byModel: [] };
      expect(await report(new Date(NOON + 3_600_000), ALICE)).toMatchObject({ cacheReport: nothing });
      expect(await report(null, MALLORY)).toMatchObject({ cacheReport: nothing });
    });

    it('counts what streams used', async () => {
      await using server = await TestServer.start();
      const create = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
      const { data } = await server.query<{ createContext: { id: string } }>(create, {
        input: { model: 'Doubao-1.5-pro-32k', messages: [{ role: 'SYSTEM', content: 'a persona' }] },
      });
      const contextId = data.createContext.id;
      for (const [, connect] of TRANSPORTS) {
        const client = connect(server);
        expect((await collect(client.open({ ...QUESTION, contextId }))).last?.__typename).toBe('ChatDone');
        client.close();
      }
      const { data: report } = await server.query<{ cacheReport: { totals: Record<string, number> } }>(
        REPORT,
      );
      expect(report.cacheReport.totals.chats).toBe(2);
      expect(report.cacheReport.totals.cachedTokens).toBeGreaterThan(0);
    });
  });
});
