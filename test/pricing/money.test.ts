import { CHAT_ANSWER } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { ModelsFile } from '../support/models-file.js';
import { PromptFiles, promptGateway } from '../support/prompts.js';
import { NOON, TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { collect, TRANSPORTS } from '../support/streams.js';

const COST =
  'cost { total { amount currency } input { amount } cachedInput { amount } cacheWrite { amount } output { amount } }';
const CREATE = `mutation ($input: CreateContextInput!) { createContext(input: $input) { id usage { ${COST} } } }`;
const CHAT = `mutation ($input: ChatInput!) { chat(input: $input) { usage { ${COST} } } }`;
const CONTEXT = `query ($id: ID!) { context(id: $id) { usage { ${COST} } } }`;
const ADVICE = `query ($input: CachingAdviceInput!) { cachingAdvice(input: $input) {
  worthIt breakEvenChatsPerHour withCachePerHour { amount currency } withoutCachePerHour { amount } ttl
} }`;
const NEW = {
  model: 'Doubao-1.5-pro-32k',
  messages: [{ content: 'You are a clerk.' }],
  mode: 'COMMON_PREFIX',
};
const HELLO = { prompt: 'support', messages: [{ role: 'USER', content: 'hello' }] };

/** 20 prompt tokens, 8 of them cached, and 3 of the answer, as the gateway's answers count. */
const CHAT_COST = {
  total: { amount: '0.00001688', currency: 'CNY' },
  input: { amount: '0.0000096' },
  cachedInput: { amount: '0.00000128' },
  cacheWrite: { amount: '0' },
  output: { amount: '0.000006' },
};

async function serve(models: ModelsFile, files: PromptFiles, gateway: { url: string }) {
  return TestServer.before(gateway, { ...files.env, MODELS: models.path });
}

describe('the cost of tokens', () => {
  it('comes with a chat, by the operator’s prices', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    using models = new ModelsFile();
    await using server = await serve(models, files, gateway);
    const { data, errors } = await server.query(CHAT, { input: HELLO });
    expect(errors).toEqual([]);
    expect(data).toEqual({ chat: { usage: { cost: CHAT_COST } } });
  });

  it.each(TRANSPORTS)('comes with the end of a stream over %s, and with its run', async (_, connect) => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    using models = new ModelsFile();
    await using server = await serve(models, files, gateway);
    const client = connect(server);
    await collect(client.open({ ...HELLO, onDisconnect: 'CONTINUE' } as never));
    client.close();
    const { data } = await server.query(`{ chatRuns { usage { ${COST} } } }`);
    expect(data).toEqual({ chatRuns: [{ usage: { cost: CHAT_COST } }] });
  });

  it('keeps the prices of its time when prices change', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    using models = new ModelsFile();
    await using server = await serve(models, files, gateway);
    const created = await server.query<{ createContext: { id: string; usage: object } }>(CREATE, {
      input: NEW,
    });
    const { id, usage } = created.data.createContext;
    // Eight prompt tokens.
    expect(usage).toMatchObject({ cost: { total: { amount: '0.0000064' } } });
    models.write('8.00');
    await eventually(async () => {
      const { data } = await server.query(CHAT, { input: HELLO });
      return JSON.stringify(data).includes('0.000096');
    });
    const { data } = await server.query<{ context: object }>(CONTEXT, { id });
    expect(data.context).toEqual({ usage });
  });

  it('is null for models without a price, and without a file', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    using models = new ModelsFile();
    for (const env of [{}, { MODELS: models.path }]) {
      await using server = await TestServer.before(gateway, { ...files.env, ...env });
      const { data } = await server.query(CREATE, { input: { ...NEW, model: 'other' } });
      expect(data).toMatchObject({ createContext: { usage: { cost: null } } });
    }
  });

  it('has the last good prices while the file is bad, and the log says by line what is wrong', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    using models = new ModelsFile();
    await using server = await serve(models, files, gateway);
    models.write('cheap');
    await eventually(() => server.log.some((line) => line.includes(`${models.path}:3 `)));
    const { data } = await server.query(CHAT, { input: HELLO });
    expect(data).toEqual({ chat: { usage: { cost: CHAT_COST } } });
  });

  it('stops the start where the file is wrong or not there', async () => {
    using models = new ModelsFile('cheap');
    await expect(TestServer.start({ MODELS: models.path })).rejects.toThrow(
      `${models.path}:3 \`models.Doubao-*.input\``,
    );
    await expect(TestServer.start({ MODELS: '/nowhere.yaml' })).rejects.toThrow(
      'MODELS cannot be read (ENOENT)',
    );
  });
});

describe('a gateway that answers with another name of the model', () => {
  const answered = 'Doubao-1.5-pro-32k-250115';
  const models = 'currency: CNY\nmodels:\n  Doubao-1.5-pro-32k: { input: 0.80, output: 2.00 }\n';

  it('is paid by the prices of the requested one, up to the quota', async () => {
    await using gateway = await StandIn.start((response, _request, { path }) =>
      json(
        response,
        200,
        path.endsWith('/create') ? { ...CREATED, model: answered } : { ...CHAT_ANSWER, model: answered },
      ),
    );
    using file = new ModelsFile();
    file.writeText(models);
    const quota = { QUOTA_MONEY_PER_DAY: '0.000001' };
    await using server = await TestServer.before(gateway, { MODELS: file.path, ...quota });
    const { data } = await server.query<{ createContext: { usage: object } }>(CREATE, { input: NEW });
    expect(data.createContext.usage).toMatchObject({ cost: { total: { currency: 'CNY' } } });
    const { errors } = await server.query(CHAT, { input: { ...HELLO, prompt: null, contextId: CREATED.id } });
    expect(errors).toMatchObject([{ extensions: { code: 'QUOTA_EXCEEDED' } }]);
  });

  it('is asked for the requested one again', async () => {
    await using gateway = await StandIn.start((response, _request, { path }) =>
      json(
        response,
        200,
        path.endsWith('/create') ? { ...CREATED, model: answered } : { ...CHAT_ANSWER, model: answered },
      ),
    );
    await using server = await TestServer.before(gateway);
    await server.query(CREATE, { input: NEW });
    await server.query(CHAT, { input: { ...HELLO, prompt: null, contextId: CREATED.id } });
    expect(JSON.parse(gateway.seen.at(-1)?.body ?? '').model).toBe(NEW.model);
  });
});

describe('the storage of a session', () => {
  it.each([
    ['counts hits', (kept: number) => ({ prompt_tokens_details: { cached_tokens: kept } })],
    ['counts none', () => ({})],
    ['has no hit', () => ({ prompt_tokens_details: { cached_tokens: 0 } })],
  ])('is what it keeps, where the gateway %s', async (_, details) => {
    let kept = 0;
    const usage = (prompt: number, completion: number) => ({
      ...{ prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
      ...details(kept),
    });
    await using gateway = await StandIn.start((response, _request, { path }) => {
      const created = { ...CREATED, mode: 'session', ttl: 86_400, usage: usage(1_000, 0) };
      const answer = { ...CHAT_ANSWER, usage: usage(kept + 50, 50) };
      kept = path.endsWith('/create') ? 1_000 : kept + 100;
      json(response, 200, path.endsWith('/create') ? created : answer);
    });
    using file = new ModelsFile();
    // An amount is a number of token hours.
    file.writeText(
      `currency: CNY\nmodels:\n  ${NEW.model}: { input: 0, output: 0, storagePerHour: 1000000 }\n`,
    );
    await using server = await TestServer.before(gateway, { MODELS: file.path });
    const session = { ...NEW, mode: 'SESSION', ttl: 86_400 };
    await server.query(CREATE, { input: session });
    for (let minute = 1; minute <= 20; minute++) {
      server.clock = () => NOON + minute * 60_000;
      const { errors } = await server.query(CHAT, {
        input: { ...HELLO, prompt: null, contextId: CREATED.id },
      });
      expect(errors).toEqual([]);
    }
    const { data } = await server.query<{ cacheReport: { money: { storage: { amount: string } }[] } }>(
      '{ cacheReport { money { storage { amount } } } }',
    );
    const booked = Number([data.cacheReport.money].flat()[0]?.storage.amount);
    // 3,000 tokens for 25 started hours, the later ones for less.
    expect(booked).toBeGreaterThan(24 * 3_000);
    expect(booked).toBeLessThanOrEqual(25 * 3_000);
  });
});

describe('the storage of a prompt with AUTH_MODE=passthrough', () => {
  it('is paid by each key for the context in its own account, whoever else chats', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    using models = new ModelsFile();
    const passthrough = { AUTH_MODE: 'passthrough', ...files.env, MODELS: models.path };
    await using server = await TestServer.before(gateway, passthrough);
    const [alice, bob] = [{ authorization: 'Bearer sk-alice' }, { authorization: 'Bearer sk-bob' }];
    const storageOf = async (caller: Record<string, string>) => {
      const { data } = await server.query<{ cacheReport: { money: { storage: { amount: string } } } }>(
        '{ cacheReport { money { storage { amount } } } }',
        {},
        caller,
      );
      return data.cacheReport.money.storage.amount;
    };
    await server.query(CHAT, { input: HELLO }, bob);
    const alone = await storageOf(bob);
    for (let chats = 0; chats < 3; chats++) await server.query(CHAT, { input: HELLO }, alice);
    expect(Number(alone)).toBeGreaterThan(0);
    expect([await storageOf(bob), await storageOf(alice)]).toEqual([alone, alone]);
    expect(gateway.creates).toHaveLength(2);
  });
});

describe('the metrics', () => {
  it('count what creations, chats and keeping contexts cost, and chats would have cost without a cache', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    using models = new ModelsFile();
    await using server = await serve(models, files, gateway);
    for (let chats = 0; chats < 2; chats++) await server.query(CHAT, { input: HELLO });
    const page = await (await fetch(`${server.origin}/metrics`)).text();
    const labels = '{model="Doubao-1.5-pro-32k",currency="CNY"}';
    expect(page).toContain(`context_cache_spent_total${labels} 0.00004016\n`);
    expect(page).toContain(`context_cache_storage_cost_total${labels} 1.36e-7\n`);
    expect(page).toContain(`context_cache_without_cache_total${labels} 0.000044\n`);
  });
});

describe('the sandbox’s prices', () => {
  it('are listed with the models, null where there is none', async () => {
    await using server = await TestServer.start();
    const { data } = await server.query<{ models: { id: string; prices: object | null }[] }>(
      '{ models { id prices { currency input cachedInput cacheWrite output storagePerHour } } }',
    );
    const pricesOf = (id: string) => data.models.find((model) => model.id === id)?.prices;
    expect(pricesOf('Doubao-1.5-pro-32k')).toEqual({
      currency: 'CNY',
      input: '0.80',
      cachedInput: '0.16',
      cacheWrite: '0.80',
      output: '2.00',
      storagePerHour: '0.017',
    });
    expect(pricesOf('gemini-2.5-flash')).toBeNull();
  });

  it('answer whether caching pays', async () => {
    await using server = await TestServer.start();
    const input = { model: 'Doubao-1.5-pro-32k', promptTokens: 1_000_000, chatsPerHour: 10 };
    const { data } = await server.query(ADVICE, { input });
    expect(data).toEqual({
      cachingAdvice: {
        worthIt: true,
        breakEvenChatsPerHour: expect.closeTo(0.0786, 4),
        withCachePerHour: { amount: '1.650333333333', currency: 'CNY' },
        withoutCachePerHour: { amount: '8' },
        ttl: 3_600,
      },
    });
  });

  it.each([
    ['model', { model: 'nothing' }],
    ['promptTokens', { promptTokens: 0 }],
    ['chatsPerHour', { chatsPerHour: 0 }],
  ])('refuse an advice by its field %s', async (field, change) => {
    await using server = await TestServer.start();
    const input = { model: 'Doubao-1.5-pro-32k', promptTokens: 1_000, chatsPerHour: 1, ...change };
    const { errors } = await server.query(ADVICE, { input });
    expect(errors[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      fields: [{ path: ['input', field], message: expect.any(String) }],
    });
  });
});
