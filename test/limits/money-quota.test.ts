import { readConfig } from '../../src/config/config.js';
import { beginStream, chunk } from '../support/chat-answers.js';
import { ModelsFile } from '../support/models-file.js';
import { PromptFiles, promptGateway } from '../support/prompts.js';
import { TestServer } from '../support/server.js';
import { collect, TRANSPORTS } from '../support/streams.js';
import { bearer, JWT } from '../support/tokens.js';

const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';
const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const HELLO = { prompt: 'support', messages: [{ role: 'USER', content: 'hello' }] };
const NEW = { model: 'Doubao-1.5-pro-32k', messages: [{ content: 'You are a clerk.' }] };

/** A chat costs 0.00001688 here, and a creation 0.0000064. */
async function start(env: Record<string, string>) {
  const gateway = await promptGateway();
  const files = new PromptFiles();
  const models = new ModelsFile();
  const server = await TestServer.before(gateway, { ...files.env, MODELS: models.path, ...env });
  return {
    gateway,
    server,
    /** undefined: it was answered. */
    async refusal(operation: string, input: object, headers = {}) {
      const { errors } = await server.query(operation, { input }, headers);
      return errors[0]?.extensions;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      files[Symbol.dispose]();
      models[Symbol.dispose]();
    },
  };
}

describe('the quota of money', () => {
  it('answers until it is used up, then refuses chats and creations of this caller for the rest of the day', async () => {
    await using stage = await start({ ...JWT, QUOTA_MONEY_PER_DAY: '0.00003' });
    const [alice, bob] = [bearer('alice'), bearer('bob')];
    expect(await stage.refusal(CHAT, HELLO, alice)).toBeUndefined();
    expect(await stage.refusal(CHAT, HELLO, alice)).toBeUndefined();
    const refused = {
      code: 'QUOTA_EXCEEDED',
      retryable: true,
      retryAfter: expect.any(Number),
      requestId: expect.any(String),
    };
    expect(await stage.refusal(CHAT, HELLO, alice)).toEqual(refused);
    expect(await stage.refusal(CREATE, NEW, alice)).toEqual(refused);
    expect(await stage.refusal(CHAT, HELLO, bob)).toBeUndefined();
    expect(stage.gateway.contextChats).toHaveLength(3);
  });

  it('counts creations', async () => {
    await using stage = await start({ QUOTA_MONEY_PER_DAY: '0.00001' });
    expect(await stage.refusal(CREATE, NEW)).toBeUndefined();
    expect(await stage.refusal(CREATE, NEW)).toBeUndefined();
    expect(await stage.refusal(CREATE, NEW)).toMatchObject({ code: 'QUOTA_EXCEEDED' });
  });

  it.each(TRANSPORTS)('counts an answer that broke off over %s, as far as it came', async (_, connect) => {
    await using stage = await start({ QUOTA_MONEY_PER_DAY: '0.000000001' });
    stage.gateway.onChat = (response) =>
      beginStream(response).write(chunk({ content: 'Hi ' }), () => response.destroy());
    const client = connect(stage.server);
    await collect(client.open(HELLO));
    client.close();
    expect(await stage.refusal(CHAT, HELLO)).toMatchObject({ code: 'QUOTA_EXCEEDED' });
  });

  it('does not count models without a price', async () => {
    await using stage = await start({ QUOTA_MONEY_PER_DAY: '0.000000001' });
    const unpriced = { ...NEW, model: 'other' };
    for (let i = 0; i < 3; i++) expect(await stage.refusal(CREATE, unpriced)).toBeUndefined();
  });

  it.each(['-1', '1e3', '1000000', '0.0000000001', 'much'])(
    'must be a decimal number: %p is none',
    (value) => {
      const env = { MODELS: 'examples/models.yaml', QUOTA_MONEY_PER_DAY: value };
      expect(() => readConfig(env)).toThrow('QUOTA_MONEY_PER_DAY must be a decimal number');
    },
  );

  it('needs prices', () => {
    const env = { GATEWAY_URL: 'sandbox:', QUOTA_MONEY_PER_DAY: '2.50' };
    expect(() => readConfig(env)).toThrow('QUOTA_MONEY_PER_DAY needs MODELS');
    expect(readConfig({ ...env, MODELS: 'm.yaml' }).limits.billionthsPerDay).toBe(2_500_000_000);
  });
});
