import { eventually } from '../support/eventually.js';
import { ModelsFile } from '../support/models-file.js';
import { PromptFiles, promptGateway } from '../support/prompts.js';
import { TestServer } from '../support/server.js';
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
