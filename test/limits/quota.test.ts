import type { ServerResponse } from 'node:http';
import { beginStream, CHAT_ANSWER, chunk, USAGE } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { serverHolding } from '../support/holding.js';
import { SERVER_KEY, TestServer } from '../support/server.js';
import { type Answer, CREATED, json, StandIn } from '../support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from '../support/streams.js';
import { bearer, JWT } from '../support/tokens.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';
const TOTALS = `query ($id: ID!) {
  context(id: $id) { totals { chats promptTokens completionTokens estimatedTokens } }
}`;
const ASK = { input: QUESTION };
/** What a context costs to create here, what a question of one token comes to with it, and what a whole chat costs. */
const CREATION = 8;
const PROMPT = CREATION + 1;
const WHOLE_CHAT = 23;

interface Totals {
  chats: number;
  promptTokens: number;
  completionTokens: number;
  estimatedTokens: number;
}

async function totalsOf(server: TestServer): Promise<Totals> {
  const { data } = await server.query<{ context: { totals: Totals } }>(TOTALS, { id: QUESTION.contextId });
  return data.context.totals;
}

/** The code of a chat's error and its advice; a quota that running calls hold has another advice than one that is used up. */
async function ask(server: TestServer, input: object = QUESTION) {
  const { errors } = await server.query(CHAT, { input });
  const { code = 'OK', retryAfter = 0 } = (errors[0]?.extensions ?? {}) as {
    code?: string;
    retryAfter?: number;
  };
  return { code, retryAfter };
}

async function untilUsedUp(server: TestServer): Promise<void> {
  await eventually(async () => {
    const { code, retryAfter } = await ask(server);
    return code === 'QUOTA_EXCEEDED' && retryAfter > 1;
  });
}

/** Holds a prefix, which has cost CREATION. */
function serverWithQuota(gateway: StandIn, tokens: number, env: Record<string, string> = {}) {
  return serverHolding(gateway, {
    mode: 'common_prefix',
    env: { QUOTA_TOKENS_PER_DAY: `${tokens}`, ...env },
  });
}

describe('an answer that its caller left', () => {
  it.each(TRANSPORTS)('counts as far as it was streamed over %s', async (_, connect) => {
    await using gateway = await StandIn.start((response) => {
      beginStream(response).write(chunk({ content: 'one two three' }));
    });
    await using server = await serverWithQuota(gateway, CREATION + PROMPT + 1);
    const client = connect(server);
    const results = client.open();
    expect((await results.next()).value?.data?.chatStream.content).toBe('one two three');
    await results.return?.();
    await untilUsedUp(server);
    const used = { chats: 0, promptTokens: PROMPT, completionTokens: 3 };
    expect(await totalsOf(server)).toMatchObject(used);
    expect(gateway.seen).toHaveLength(1);
    client.close();
  });

  it.each(TRANSPORTS)('counts its prompt before the first delta over %s', async (_, connect) => {
    await using gateway = await StandIn.start();
    await using server = await serverWithQuota(gateway, CREATION + PROMPT);
    const asked = new Promise<void>((resolve) => {
      gateway.answer = () => resolve();
    });
    const client = connect(server);
    const results = client.open();
    const first = results.next().catch(() => undefined);
    await asked;
    void results.return?.();
    client.close();
    await first;
    await untilUsedUp(server);
    expect(await totalsOf(server)).toMatchObject({ promptTokens: PROMPT, completionTokens: 0 });
  });

  it('counts its prompt where it was to come whole', async () => {
    const caller = new AbortController();
    await using gateway = await StandIn.start(() => caller.abort());
    await using server = await serverWithQuota(gateway, 100);
    const body = JSON.stringify({ query: CHAT, variables: ASK });
    const headers = { 'content-type': 'application/json' };
    const { signal } = caller;
    await expect(fetch(server.url, { method: 'POST', headers, body, signal })).rejects.toThrow();
    await eventually(async () => (await totalsOf(server)).promptTokens === PROMPT);
    // The gateway makes the whole answer all the same: of the quota, all that was reserved for it is gone.
    await untilUsedUp(server);
    expect(gateway.seen).toHaveLength(1);
  });

  it('counts what the gateway had told of it', async () => {
    await using gateway = await StandIn.start((response) => {
      beginStream(response).write(chunk({ content: 'one two three' }) + USAGE + chunk({ content: ' four' }));
    });
    await using server = await serverWithQuota(gateway, 1_000);
    const client = TRANSPORTS[0]?.[1](server);
    const results = client?.open();
    for (const _ of [1, 2]) await results?.next();
    await results?.return?.();
    await eventually(async () => (await totalsOf(server)).promptTokens > 0);
    expect(await totalsOf(server)).toMatchObject({ promptTokens: 20, completionTokens: 3 + 1 });
    client?.close();
  });
});

describe('an answer that did not come', () => {
  const drop: Answer = (response) => void response.destroy();
  const half = (response: ServerResponse) => beginStream(response).end(chunk({ content: 'half' }));
  const failure = { error: { code: 'InternalServiceError', message: '' } };

  it.each<[string, Answer, boolean, number]>([
    ['was lost with its connection', drop, false, PROMPT],
    ['was waited for in vain', () => undefined, false, PROMPT],
    ['cannot be read', (response) => json(response, 200, 'no JSON'), false, PROMPT],
    ['was cut', half, true, PROMPT + 1],
    ['was refused as too much', (response) => json(response, 429, failure), false, 0],
    ['was refused by moderation', (response) => json(response, 400, MODERATION), false, 0],
    ['is the gateway’s own failure', (response) => json(response, 500, failure), false, 0],
  ])('%s counts what it may have cost', async (_, answer, isStream, expected) => {
    await using gateway = await StandIn.start(answer);
    await using server = await serverHolding(gateway, { env: { GATEWAY_HEADERS_TIMEOUT_MS: '100' } });
    if (isStream) {
      const client = TRANSPORTS[0]?.[1](server);
      expect((await collect(client?.open() as never)).last?.__typename).toBe('ChatFailure');
      client?.close();
    } else {
      expect((await ask(server)).code).not.toBe('OK');
    }
    const { chats, promptTokens, completionTokens, estimatedTokens } = await totalsOf(server);
    expect({ chats, tokens: promptTokens + completionTokens }).toEqual({ chats: 0, tokens: expected });
    // A store that does not carry the number yet says 0.
    expect([0, expected]).toContain(estimatedTokens);
  });

  it('counts nothing where no connection could be made', async () => {
    const gateway = await StandIn.start();
    await using server = await serverWithQuota(gateway, CREATION + 1);
    await gateway[Symbol.asyncDispose]();
    expect((await ask(server)).code).toBe('GATEWAY_UNAVAILABLE');
    expect(await totalsOf(server)).toMatchObject({ promptTokens: 0 });
    // The quota is as it was: the next one is let through as well.
    expect((await ask(server)).code).toBe('GATEWAY_UNAVAILABLE');
  });

  it('counts by the tokenizer where a whole one says nothing of its tokens', async () => {
    await using gateway = await StandIn.start((response) =>
      json(response, 200, { ...CHAT_ANSWER, usage: undefined }),
    );
    await using server = await serverWithQuota(gateway, 1_000);
    expect((await ask(server)).code).toBe('OK');
    const { chats, promptTokens, completionTokens } = await totalsOf(server);
    expect({ chats, promptTokens }).toEqual({ chats: 1, promptTokens: PROMPT });
    expect(completionTokens).toBeGreaterThan(0);
  });
});

const MODERATION = { error: { code: 'InputTextRiskDetection', message: '' } };

describe('calls at the same time', () => {
  /** A gateway that answers all at once, when it is told to. */
  async function heldGateway(answer: object) {
    const waiting: ServerResponse[] = [];
    const gateway = await StandIn.start((response) => void waiting.push(response));
    const answerAll = () => {
      gateway.answer = (response) => json(response, 200, answer);
      for (const response of waiting.splice(0)) json(response, 200, answer);
    };
    return { gateway, answerAll };
  }

  it('cannot use the same tokens, and give back what they reserved too much', async () => {
    const { gateway, answerAll } = await heldGateway(CHAT_ANSWER);
    await using _ = gateway;
    await using server = await serverWithQuota(gateway, CREATION + WHOLE_CHAT + 1);
    let refused = 0;
    const all = Array.from({ length: 100 }, async () => {
      const answer = await ask(server);
      if (answer.code !== 'OK' && ++refused === 99) answerAll();
      return answer;
    });
    const answers = await Promise.all(all);
    expect(answers.filter(({ code }) => code === 'OK')).toHaveLength(1);
    // What is held by a running call may be free in a moment.
    const held = answers.filter(({ code }) => code !== 'OK');
    expect(new Set(held.map((one) => JSON.stringify(one)))).toEqual(
      new Set([JSON.stringify({ code: 'QUOTA_EXCEEDED', retryAfter: 1 })]),
    );
    // One token is left, and whoever comes alone may use it up.
    expect((await ask(server)).code).toBe('OK');
    await untilUsedUp(server);
  });

  it('are let through together as far as their maxTokens go', async () => {
    const { gateway, answerAll } = await heldGateway(CHAT_ANSWER);
    await using _ = gateway;
    await using server = await serverWithQuota(gateway, CREATION + 3 * (PROMPT + 10));
    const three = [1, 2, 3].map(() => ask(server, { ...QUESTION, maxTokens: 10 }));
    await eventually(() => gateway.seen.length === 3);
    expect(await ask(server)).toEqual({ code: 'QUOTA_EXCEEDED', retryAfter: 1 });
    answerAll();
    expect((await Promise.all(three)).map(({ code }) => code)).toEqual(['OK', 'OK', 'OK']);
  });

  it('cannot create with the same tokens', async () => {
    const { gateway, answerAll } = await heldGateway(CREATED);
    await using _ = gateway;
    const env = { QUOTA_TOKENS_PER_DAY: '2' };
    await using server = await TestServer.before(gateway, env);
    let refused = 0;
    const all = Array.from({ length: 10 }, async () => {
      const { errors } = await server.query(CREATE, { input: { model: 'm', messages: [{ content: 'a' }] } });
      // Each reserves one token, which its message has.
      if (errors.length > 0 && ++refused === 8) answerAll();
      return errors[0]?.extensions.code ?? 'OK';
    });
    const codes = await Promise.all(all);
    expect(codes.filter((code) => code === 'OK')).toHaveLength(2);
    expect(codes.filter((code) => code === 'QUOTA_EXCEEDED')).toHaveLength(8);
  });
});

describe('a creation by recovery', () => {
  /** Loses each context that it has when it is told to; creations cost CREATION. */
  async function forgetfulGateway() {
    let created = 0;
    let live = new Set<string>();
    const gateway = await StandIn.start((response, _, { path, body }) => {
      if (path === '/v1/context/create') {
        const id = `ctx-${++created}`;
        live.add(id);
        return json(response, 200, { ...CREATED, id, mode: 'common_prefix' });
      }
      const { context_id: id } = JSON.parse(body);
      if (live.has(id)) return json(response, 200, CHAT_ANSWER);
      const error = { code: 'ContextNotFound', param: 'context_id', message: `context ${id} not found` };
      return json(response, 404, { error });
    });
    const forget = () => {
      live = new Set();
    };
    return { gateway, forget, created: () => created };
  }
  const input = { model: QUESTION.model, mode: 'COMMON_PREFIX', messages: [{ content: 'persona' }] };
  const codeOf = ({ errors }: { errors: { extensions: { code: string } }[] }) =>
    errors[0]?.extensions.code ?? 'OK';

  it('counts its tokens against the quota of the caller whose chat needs it', async () => {
    const { gateway, forget, created } = await forgetfulGateway();
    await using _ = gateway;
    const env = { QUOTA_TOKENS_PER_DAY: `${2 * CREATION}` };
    await using server = await TestServer.before(gateway, env);
    expect(codeOf(await server.query(CREATE, { input }))).toBe('OK');
    forget();
    expect(codeOf(await server.query(CHAT, ASK))).toBe('QUOTA_EXCEEDED');
    expect(created()).toBe(2);
    expect(codeOf(await server.query(CHAT, ASK))).toBe('QUOTA_EXCEEDED');
    expect(created()).toBe(2);
  });

  it('counts as a creation of the minute, and beyond its limit the chat is refused', async () => {
    const { gateway, forget, created } = await forgetfulGateway();
    await using _ = gateway;
    await using server = await TestServer.before(gateway, { RATE_LIMIT_CREATES_PER_MINUTE: '2' });
    expect(codeOf(await server.query(CREATE, { input }))).toBe('OK');
    forget();
    expect(codeOf(await server.query(CHAT, ASK))).toBe('OK');
    forget();
    expect(codeOf(await server.query(CHAT, ASK))).toBe('RATE_LIMITED');
    expect(codeOf(await server.query(CREATE, { input }))).toBe('RATE_LIMITED');
    expect(created()).toBe(2);
  });

  it('fails nobody but the caller whose limit is reached', async () => {
    const { gateway, forget } = await forgetfulGateway();
    await using _ = gateway;
    const env = { ...JWT, REUSE_SCOPE: 'everyone', RATE_LIMIT_CREATES_PER_MINUTE: '2' };
    await using server = await TestServer.before(gateway, env);
    const reuse = { input: { ...input, reuse: true } };
    for (const caller of ['alice', 'alice', 'bob']) await server.query(CREATE, reuse, bearer(caller));
    forget();
    const both = ['alice', 'bob'].map((caller) => server.query(CHAT, ASK, bearer(caller)));
    const [, bob] = (await Promise.all(both)).map(codeOf);
    expect(bob).toBe('OK');
    expect(codeOf(await server.query(CHAT, ASK, bearer('alice')))).toBe('OK');
  });
});

describe('a used-up quota', () => {
  it('is told without the key or the question', async () => {
    await using gateway = await StandIn.start((response) => json(response, 200, CHAT_ANSWER));
    await using server = await serverWithQuota(gateway, CREATION);
    const { errors } = await server.query(CHAT, ASK);
    expect(errors[0]?.message).toMatch(/^Your tokens for the day are used up\./);
    expect(JSON.stringify(errors) + server.log.join('')).not.toContain(SERVER_KEY);
  });
});
