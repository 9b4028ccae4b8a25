import { describeThroughEachApi } from '../support/apis.js';
import { CHAT_ANSWER } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { CANARY, LOST, PromptFiles, promptFile, promptGateway } from '../support/prompts.js';
import { NOON, TestServer } from '../support/server.js';
import { CREATED, json } from '../support/stand-in.js';
import { collect, TRANSPORTS } from '../support/streams.js';
import { bearer, JWT } from '../support/tokens.js';

const CHAT = `mutation ($input: ChatInput!) {
  chat(input: $input) {
    choices { message { content } }
    context { id }
    cache { status reason prompt promptVersion }
  }
}`;
const PROMPT = `query ($name: ID!) {
  prompt(name: $name) { name version cache { state promptTokens expiresAt } totals { chats promptTokens cachedTokens } }
}`;
const REPORT = `{ cacheReport {
  contexts totals { chats }
  byModel { model contexts totals { chats } }
  byPrompt { prompt totals { chats promptTokens cachedTokens } }
} }`;
const HELLO = { prompt: 'support', messages: [{ role: 'USER', content: 'hello' }] };

interface Chatted {
  chat: {
    choices: unknown[];
    context: null;
    cache: { status: string; reason: string | null; prompt: string; promptVersion: string };
  };
}

async function chat(server: TestServer, change: object = {}, headers = {}) {
  const { data, errors } = await server.query<Chatted>(CHAT, { input: { ...HELLO, ...change } }, headers);
  expect(errors).toEqual([]);
  return data.chat;
}

const failing = (status: number, error: object) => (response: Parameters<typeof json>[0]) =>
  json(response, status, { error });

describeThroughEachApi('prompts', (api) => {
  describe('a chat by name', () => {
    it('creates the prompt’s context at first and uses it from then on, without the caller holding it', async () => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn, files.env);
      const first = await chat(server);
      expect(first).toMatchObject({
        context: null,
        cache: { status: 'CREATED', reason: null, prompt: 'support' },
      });
      expect(first.cache.promptVersion).toMatch(/^[0-9a-f]{12}$/);
      expect((await chat(server)).cache).toEqual({ ...first.cache, status: 'USED' });
      expect(gateway.creates.map(({ body }) => JSON.parse(body))).toEqual([
        {
          model: 'Doubao-1.5-pro-32k',
          messages: [{ role: 'system', content: `You are a support agent. ${CANARY}` }],
          ...(api.name !== 'responses' && { mode: 'common_prefix' }),
          ttl: 3_600,
        },
      ]);
      expect(gateway.contextChats.map(({ body }) => JSON.parse(body))).toEqual(
        Array(2).fill({
          context_id: 'ctx-1',
          model: 'Doubao-1.5-pro-32k',
          messages: [{ role: 'user', content: 'hello' }],
        }),
      );
      const { data } = await server.query('{ contexts { edges { node { id } } } }');
      expect(data).toEqual({ contexts: { edges: [] } });
      const { errors } = await server.query('{ context(id: "ctx-1") { id } }');
      expect(errors[0]?.extensions.code).toBe('CONTEXT_NOT_FOUND');
    });

    it.each(TRANSPORTS)('is streamed over %s', async (_, connect) => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn, files.env);
      const client = connect(server);
      const { text, last, errors } = await collect(client.open(HELLO));
      client.close();
      expect(errors).toEqual([]);
      expect(text).toBe('Hi 您好😀');
      expect(last).toMatchObject({ __typename: 'ChatDone', context: null });
    });

    it('counts for its caller, by model and by prompt', async () => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn, { ...files.env, ...JWT });
      await chat(server, {}, bearer('alice'));
      await chat(server, {}, bearer('alice'));
      await chat(server, {}, bearer('bob'));
      const used = { chats: 2, promptTokens: 40, cachedTokens: 16 };
      const { data } = await server.query(REPORT, {}, bearer('alice'));
      expect(data).toEqual({
        cacheReport: {
          contexts: 0,
          totals: { chats: 2 },
          byModel: [{ model: 'Doubao-1.5-pro-32k', contexts: 0, totals: { chats: 2 } }],
          byPrompt: [{ prompt: 'support', totals: used }],
        },
      });
      const { data: described } = await server.query(PROMPT, { name: 'support' }, bearer('alice'));
      expect(described).toMatchObject({
        prompt: {
          totals: used,
          cache: { state: 'WARM', promptTokens: 8, expiresAt: new Date(NOON + 3_600_000).toISOString() },
        },
      });
    });

    const slides = api.expiry === 'SLIDING';
    it('restarts the ttl for everyone if its expiry slides, and creates anew once it has passed', async () => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn, { ...files.env, ...JWT });
      await chat(server, {}, bearer('alice'));
      server.clock = () => NOON + 3_000_000;
      await chat(server, {}, bearer('bob'));
      server.clock = () => NOON + 6_000_000;
      expect((await chat(server, {}, bearer('alice'))).cache.status).toBe(slides ? 'USED' : 'CREATED');
      server.clock = () => NOON + 10_000_000;
      expect((await chat(server, {}, bearer('alice'))).cache.status).toBe('CREATED');
      expect(gateway.creates).toHaveLength(slides ? 2 : 3);
    });

    it('has a context for each gateway key where callers bring their own', async () => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      await using server = await TestServer.passingOn(gateway.standIn, files.env);
      const [alice, bob] = [{ authorization: 'Bearer sk-a' }, { authorization: 'Bearer sk-b' }];
      const statuses: string[] = [];
      for (const headers of [alice, bob, alice, bob])
        statuses.push((await chat(server, {}, headers)).cache.status);
      expect(statuses).toEqual(['CREATED', 'CREATED', 'USED', 'USED']);
      expect(gateway.creates.map(({ headers }) => headers.authorization)).toEqual([
        'Bearer sk-a',
        'Bearer sk-b',
      ]);
    });

    it('does not use the limits of its caller for the creation', async () => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      const limits = { RATE_LIMIT_CREATES_PER_MINUTE: '1', QUOTA_TOKENS_PER_DAY: '1000' };
      await using server = await TestServer.before(gateway.standIn, { ...files.env, ...limits });
      await chat(server);
      const own = { model: 'm', messages: [{ content: 'mine' }] };
      const create = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
      expect((await server.query(create, { input: own })).errors).toEqual([]);
    });

    it('uses the rate limit and the quota of its caller', async () => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      // An answer of the gateway takes 23 tokens.
      const limits = { RATE_LIMIT_CHATS_PER_MINUTE: '3', QUOTA_TOKENS_PER_DAY: '600' };
      await using server = await TestServer.before(gateway.standIn, { ...files.env, ...JWT, ...limits });
      const codeOf = async (sub: string, change: object = {}) => {
        const { errors } = await server.query(CHAT, { input: { ...HELLO, ...change } }, bearer(sub));
        return errors[0]?.extensions.code;
      };
      for (let count = 0; count < 3; count++) expect(await codeOf('alice')).toBeUndefined();
      expect(await codeOf('alice')).toBe('RATE_LIMITED');
      gateway.onChat = (response) =>
        json(response, 200, { ...CHAT_ANSWER, usage: { ...CHAT_ANSWER.usage, prompt_tokens: 600 } });
      expect(await codeOf('bob')).toBeUndefined();
      expect(await codeOf('bob')).toBe('QUOTA_EXCEEDED');
    });

    it('is answered once under an idempotency key', async () => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn, files.env);
      const [one, two] = await Promise.all([
        chat(server, { idempotencyKey: 'k' }),
        chat(server, { idempotencyKey: 'k' }),
      ]);
      expect(one).toEqual(two);
      expect(gateway.contextChats).toHaveLength(1);
    });
  });

  describe('a prompt’s context', () => {
    it('is created again unseen when the gateway has lost it', async () => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn, files.env);
      await chat(server);
      const { onChat } = gateway;
      gateway.onChat = (response, request, seen) =>
        (seen.body.includes('"ctx-1"') ? LOST : onChat)(response, request, seen);
      const chats = await Promise.all(Array.from({ length: 20 }, () => chat(server)));
      const statuses = chats.map(({ cache }) => cache.status);
      expect(statuses).toContain('RECREATED');
      expect(statuses.filter((status) => status !== 'RECREATED' && status !== 'USED')).toEqual([]);
      expect(gateway.creates).toHaveLength(2);
      expect((await chat(server)).cache.status).toBe('USED');
    });

    it('is given up for this chat when it is lost again at once', async () => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn, files.env);
      const { onChat } = gateway;
      gateway.onChat = (response, request, seen) =>
        (seen.path === '/v1/chat/completions' ? onChat : LOST)(response, request, seen);
      expect((await chat(server)).cache).toMatchObject({ status: 'BYPASSED', reason: 'CREATE_FAILED' });
      expect(gateway.creates).toHaveLength(2);
      expect(gateway.plainChats).toHaveLength(1);
    });

    it('is not kept waiting for beyond PROMPT_WAIT_MS, while its creation goes on', async () => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      let create = () => {};
      const { onCreate } = gateway;
      gateway.onCreate = (...asked) => {
        create = () => onCreate(...asked);
      };
      await using server = await TestServer.before(gateway.standIn, { ...files.env, PROMPT_WAIT_MS: '30' });
      const chats = await Promise.all([chat(server), chat(server)]);
      for (const { cache } of chats) {
        expect(cache).toMatchObject({ status: 'BYPASSED', reason: 'CREATE_FAILED' });
      }
      expect(JSON.parse(gateway.plainChats[0]?.body ?? '')).toEqual({
        model: 'Doubao-1.5-pro-32k',
        messages: [
          { role: 'system', content: `You are a support agent. ${CANARY}` },
          { role: 'user', content: 'hello' },
        ],
      });
      expect(gateway.creates).toHaveLength(1);
      create();
      await eventually(async () => (await chat(server)).cache.status === 'USED');
      expect(gateway.creates).toHaveLength(1);
    });
  });

  describe('a creation that fails', () => {
    it.each([
      [
        'with 5xx',
        500,
        { code: 'InternalServiceError', message: 'trouble', type: 'InternalServerError' },
        'CREATE_FAILED',
      ],
      [
        'with 400',
        400,
        { code: 'InvalidParameter', message: `no ${CANARY}`, type: 'BadRequest' },
        'CREATE_FAILED',
      ],
      [
        'because the prompt is too short',
        400,
        {
          message: 'Cached content is too small. total_token_count=8, min_total_token_count=1024',
          type: 'INVALID_ARGUMENT',
        },
        'TOO_SHORT',
      ],
      [
        'because the model cannot cache',
        404,
        {
          code: 'InvalidEndpointOrModel.NotFound',
          message: 'The model does not support context',
          type: 'NotFound',
        },
        'MODEL_CANNOT_CACHE',
      ],
    ])('%s does not fail the chat', async (_, status, error, reason) => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      gateway.onCreate = failing(status, error);
      await using server = await TestServer.before(gateway.standIn, files.env);
      const { choices, cache } = await chat(server);
      expect(choices).toHaveLength(1);
      expect(cache).toMatchObject({ status: 'BYPASSED', reason });
      const { data } = await server.query(PROMPT, { name: 'support' });
      expect(data).toMatchObject({
        prompt: { cache: { state: 'FAILED', promptTokens: null, expiresAt: null } },
      });
      expect(server.log.join('')).not.toContain(CANARY);
    });

    it.each(TRANSPORTS)('does not fail a stream over %s', async (_, connect) => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      gateway.onCreate = failing(500, { message: 'trouble' });
      await using server = await TestServer.before(gateway.standIn, files.env);
      const client = connect(server);
      const { text, last } = await collect(client.open(HELLO));
      client.close();
      expect(text).toBe('Hi 您好😀');
      expect(last).toMatchObject({ __typename: 'ChatDone', context: null });
    });

    it('is tried again after a back-off that grows, and not at each chat', async () => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      gateway.onCreate = failing(400, { code: 'InvalidParameter', message: 'no' });
      await using server = await TestServer.before(gateway.standIn, files.env);
      const creations = async (after: number) => {
        server.clock = () => NOON + after;
        await Promise.all([chat(server), chat(server)]);
        return gateway.creates.length;
      };
      expect(await creations(0)).toBe(1);
      expect(await creations(4_999)).toBe(1);
      expect(await creations(5_000)).toBe(2);
      expect(await creations(14_999)).toBe(2);
      expect(await creations(15_000)).toBe(3);
      const warnings = server.log.filter((line) => line.includes('could not be created'));
      expect(warnings).toHaveLength(3);
    });

    it('gives the error of the chat itself if that fails as well, without naming fields of the prompt', async () => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      const refuse = failing(400, {
        code: 'InvalidParameter',
        message: `bad ${CANARY}`,
        param: 'messages[0].content',
        type: 'BadRequest',
      });
      gateway.onCreate = refuse;
      gateway.onChat = refuse;
      await using server = await TestServer.before(gateway.standIn, files.env);
      const { errors } = await server.query(CHAT, { input: HELLO });
      expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', gateway: { status: 400 } });
      expect(errors[0]?.extensions.fields).toBeUndefined();
      expect(JSON.stringify(errors)).not.toContain(CANARY);
    });
  });

  describe('what a prompt allows', () => {
    const refusedFields = async (server: TestServer, change: object) => {
      const { errors } = await server.query(CHAT, { input: { ...HELLO, ...change } });
      expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
      return errors[0]?.extensions.fields;
    };

    it.each([
      [
        'a message of the system',
        { messages: [{ role: 'SYSTEM', content: 'x' }, ...HELLO.messages] },
        ['messages', 0, 'role'],
      ],
      ['a message without a role', { messages: [{ content: 'x' }] }, ['messages', 0, 'role']],
      ['a model', { model: 'Doubao-pro-32k' }, ['model']],
      ['a context as well', { contextId: 'ctx-1' }, ['contextId']],
      ['more tokens than allowed', { maxTokens: 501 }, ['maxTokens']],
    ])('refuses %s', async (_, change, path) => {
      using files = new PromptFiles({ 'support.md': promptFile({ parameters: { maxTokensLimit: 500 } }) });
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn, files.env);
      expect(await refusedFields(server, change)).toEqual([
        { path: ['input', ...path], message: expect.any(String) },
      ]);
      expect(gateway.standIn.seen).toEqual([]);
    });

    it('refuses neither a prompt nor a context', async () => {
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn);
      expect(await refusedFields(server, { prompt: null })).toEqual([
        { path: ['input', 'contextId'], message: 'must be given, or `prompt`' },
      ]);
    });

    it('is messages of the system where its file says so', async () => {
      using files = new PromptFiles({ 'support.md': promptFile({ allowSystemMessages: true }) });
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn, files.env);
      await chat(server, { messages: [{ role: 'SYSTEM', content: 'x' }, { content: 'y' }] });
      expect(gateway.contextChats).toHaveLength(1);
    });

    it('has defaults for what the caller leaves out, and a limit where neither gives one', async () => {
      const parameters = { temperature: 0.2, topP: 0.9, maxTokensLimit: 500 };
      using files = new PromptFiles({ 'support.md': promptFile({ parameters }) });
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn, files.env);
      await chat(server, { temperature: 1 });
      await chat(server, { maxTokens: 7, temperature: null });
      expect(gateway.contextChats.map(({ body }) => JSON.parse(body))).toMatchObject([
        { temperature: 1, top_p: 0.9, max_tokens: 500 },
        { temperature: 0.2, top_p: 0.9, max_tokens: 7 },
      ]);
    });
  });

  describe('a prompt that is not for the caller', () => {
    it('looks as if it did not exist', async () => {
      using files = new PromptFiles({
        'support.md': promptFile({ roles: ['admin', 'staff'] }),
        'open.md': promptFile(),
      });
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn, { ...files.env, ...JWT });
      const staff = bearer('alice', { roles: ['guest', 'staff'] });
      const guest = bearer('mallory', { roles: 'guest' });
      const ask = (prompt: string, headers: Record<string, string>) =>
        server.query(CHAT, { input: { ...HELLO, prompt } }, headers);
      const [hidden] = (await ask('support', guest)).errors;
      expect(hidden?.extensions).toMatchObject({ code: 'PROMPT_NOT_FOUND', retryable: false });
      for (const unknown of ['nothing', '__proto__']) {
        const [error] = (await ask(unknown, guest)).errors;
        const { requestId } = error?.extensions ?? {};
        expect(error).toEqual({ ...hidden, extensions: { ...hidden?.extensions, requestId } });
      }
      const { errors } = await server.query(PROMPT, { name: 'support' }, guest);
      expect(errors[0]?.extensions.code).toBe('PROMPT_NOT_FOUND');
      const names = async (headers: Record<string, string>) =>
        (await server.query<{ prompts: { name: string }[] }>('{ prompts { name } }', {}, headers)).data
          .prompts;
      expect(await names(guest)).toEqual([{ name: 'open' }]);
      expect(await names(bearer('bob'))).toEqual([{ name: 'open' }]);
      expect(await names(staff)).toEqual([{ name: 'open' }, { name: 'support' }]);
      expect((await ask('support', staff)).errors).toEqual([]);
    });

    it('is any where there is no folder', async () => {
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn);
      expect((await server.query('{ prompts { name } }')).data).toEqual({ prompts: [] });
      const { errors } = await server.query(CHAT, { input: HELLO });
      expect(errors[0]?.extensions.code).toBe('PROMPT_NOT_FOUND');
    });
  });

  describe('the roles of a caller', () => {
    it.each([
      ['roles', ['staff'], true],
      ['scope', 'read staff', true],
      ['scope', 'staffing', false],
      ['https://app.example/roles', ['staff'], true],
    ])('are read from the claim %s: %j', async (claim, roles, mayUse) => {
      using files = new PromptFiles({ 'support.md': promptFile({ roles: ['staff'] }) });
      await using gateway = await promptGateway();
      const env = { ...files.env, ...JWT, AUTH_JWT_ROLES_CLAIM: claim };
      await using server = await TestServer.before(gateway.standIn, env);
      const { data } = await server.query('{ prompts { name } }', {}, bearer('alice', { [claim]: roles }));
      expect(data).toEqual({ prompts: mayUse ? [{ name: 'support' }] : [] });
    });
  });

  describe('a new version', () => {
    it('is what the next chat gets, while chats that began finish on the old one', async () => {
      using files = new PromptFiles({ 'support.md': promptFile({}, 'one') });
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn, files.env);
      const { cache: old } = await chat(server);
      let answer = () => {};
      const { onChat } = gateway;
      gateway.onChat = (response) => {
        answer = () => json(response, 200, CHAT_ANSWER);
      };
      const running = chat(server);
      await eventually(() => gateway.contextChats.length === 2);
      gateway.onChat = onChat;
      files.write('support.md', promptFile({}, 'two'));
      await eventually(async () => (await chat(server)).cache.promptVersion !== old.promptVersion);
      answer();
      expect((await running).cache).toEqual({ ...old, status: 'USED' });
      expect(gateway.creates.map(({ body }) => JSON.parse(body).messages[0].content)).toEqual(['one', 'two']);
      // Each chat names the context of the version that it reports.
      const { cache } = await chat(server);
      expect(cache.status).toBe('USED');
      expect(JSON.parse(gateway.contextChats.at(-1)?.body ?? '').context_id).toBe('ctx-2');
    });

    it('is unknown once its file has gone', async () => {
      using files = new PromptFiles();
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn, files.env);
      await chat(server);
      files.remove('support.md');
      await eventually(async () => {
        const { errors } = await server.query(CHAT, { input: HELLO });
        return errors[0]?.extensions.code === 'PROMPT_NOT_FOUND';
      });
    });
  });

  describe('how a chat with a context used the cache', () => {
    it('is said, too', async () => {
      await using gateway = await promptGateway();
      await using server = await TestServer.before(gateway.standIn);
      const create = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
      const own = { model: 'm', messages: [{ content: 'mine' }], mode: 'COMMON_PREFIX' };
      await server.query(create, { input: own });
      const input = { contextId: 'ctx-1', prompt: null };
      const none = { reason: null, prompt: null, promptVersion: null };
      expect((await chat(server, input)).cache).toEqual({ ...none, status: 'USED' });
      const { onChat } = gateway;
      gateway.onChat = (response, request, seen) =>
        (seen.body.includes('"ctx-1"') ? LOST : onChat)(response, request, seen);
      gateway.onCreate = (response) =>
        json(response, 200, { ...CREATED, id: 'ctx-2', mode: 'common_prefix' });
      expect((await chat(server, input)).cache).toEqual({ ...none, status: 'RECREATED' });
    });
  });
});
