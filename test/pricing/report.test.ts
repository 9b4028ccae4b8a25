import Big from 'big.js';
import fc from 'fast-check';
import { estimateMessages } from '../../src/limits/tokens.js';
import {
  amountsOf,
  latestCurrency,
  moneyReport,
  savedOf,
  storageShare,
} from '../../src/pricing/money-report.js';
import type { Spending } from '../../src/store/spending.js';
import { beginStream, CHAT_ANSWER, chunk } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { ModelsFile } from '../support/models-file.js';
import { PromptFiles, promptGateway } from '../support/prompts.js';
import { NOON, TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { collect, TRANSPORTS } from '../support/streams.js';
import { bearer, JWT } from '../support/tokens.js';
import '../support/seed.js';

const HOUR_MS = 3_600_000;
const MONEY = `money {
  spent { total { amount currency } input { amount } cachedInput { amount } cacheWrite { amount } output { amount } }
  storage { amount } withoutCache { amount } saved { amount currency } pricedShare
}`;
const REPORT = `query ($since: DateTimeISO) { cacheReport(since: $since) {
  ${MONEY} byModel { model ${MONEY} } byPrompt { prompt money { storage { amount } saved { amount } } }
} }`;
const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { usage { promptTokens } } }';
const PREFIX = {
  model: 'Doubao-1.5-pro-32k',
  messages: [{ content: 'You are a clerk.' }],
  mode: 'COMMON_PREFIX',
};
const messages = [{ role: 'USER', content: 'hello' }];

interface Amount {
  amount: string;
}
interface Report {
  cacheReport: {
    money: Record<'storage' | 'withoutCache' | 'saved', Amount> & { spent: { total: Amount } };
    byModel: { model: string; money: object | null }[];
    byPrompt: { prompt: string; money: { storage: Amount; saved: Amount } }[];
  };
}

async function reportOf(server: TestServer, variables: object = {}, headers: Record<string, string> = {}) {
  const { data, errors } = await server.query<Report>(REPORT, variables, headers);
  expect(errors).toEqual([]);
  return data.cacheReport;
}

async function create(server: TestServer, input: object = PREFIX): Promise<string> {
  const { data } = await server.query<{ createContext: { id: string } }>(CREATE, { input });
  return data.createContext.id;
}

describe('cacheReport.money', () => {
  it('has a creation and its storage by an estimate where the gateway reports no usage', async () => {
    const tokens = await estimateMessages(PREFIX.messages);
    const moneyWith = async (usage: object | undefined) => {
      await using gateway = await StandIn.start((response, _, { path }) =>
        json(
          response,
          200,
          path.endsWith('/create') ? { ...CREATED, mode: 'common_prefix', usage } : CHAT_ANSWER,
        ),
      );
      using models = new ModelsFile();
      await using server = await TestServer.before(gateway, { MODELS: models.path });
      const contextId = await create(server);
      server.clock = () => NOON + HOUR_MS / 2;
      expect((await server.query(CHAT, { input: { contextId, messages } })).errors).toEqual([]);
      return (await reportOf(server)).money;
    };
    const money = await moneyWith(undefined);
    expect(money).toEqual(
      await moneyWith({ prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens }),
    );
    expect(Number(money.storage.amount)).toBeGreaterThan(0);
  });

  it('is in the new currency from the day after the operator changed it, however much was spent before', async () => {
    await using gateway = await promptGateway();
    using models = new ModelsFile();
    models.writeText(`currency: CNY\nmodels:\n  ${PREFIX.model}: { input: 1000000, output: 0 }\n`);
    await using server = await TestServer.before(gateway, { MODELS: models.path });
    const contextId = await create(server);
    for (let chats = 0; chats < 3; chats++) await server.query(CHAT, { input: { contextId, messages } });
    models.writeText(`currency: USD\nmodels:\n  ${PREFIX.model}: { input: 1000000, output: 0 }\n`);
    await eventually(async () => {
      const { data } = await server.query<{ cachingAdvice: { withCachePerHour: { currency: string } } }>(
        '{ cachingAdvice(input: { model: "Doubao-1.5-pro-32k", promptTokens: 9, chatsPerHour: 1 }) { withCachePerHour { currency } } }',
      );
      return data.cachingAdvice.withCachePerHour.currency === 'USD';
    });
    server.clock = () => NOON + 24 * HOUR_MS;
    await create(server);
    const { money } = await reportOf(server);
    expect(money).toMatchObject({ spent: { total: { currency: 'USD' } } });
  });

  it('has what creations and chats cost, the started hours, and what they would have cost without a cache', async () => {
    await using gateway = await promptGateway();
    using models = new ModelsFile();
    await using server = await TestServer.before(gateway, { MODELS: models.path });
    // Eight tokens, kept for 24 hours.
    const contextId = await create(server);
    // Twenty tokens, eight of them cached, and three of the answer; kept for one more hour.
    server.clock = () => NOON + 60_000;
    await server.query(CHAT, { input: { contextId, messages } });
    const money = {
      spent: {
        total: { amount: '0.00002328', currency: 'CNY' },
        input: { amount: '0.000016' },
        cachedInput: { amount: '0.00000128' },
        cacheWrite: { amount: '0' },
        output: { amount: '0.000006' },
      },
      storage: { amount: '0.0000034' },
      withoutCache: { amount: '0.000022' },
      saved: { amount: '-0.00000468', currency: 'CNY' },
      pricedShare: 1,
    };
    expect(await reportOf(server)).toEqual({
      money,
      byModel: [{ model: 'Doubao-1.5-pro-32k', money }],
      byPrompt: [],
    });
    expect((await reportOf(server, { since: new Date(NOON + HOUR_MS) })).money).toBeNull();
  });

  it('counts the context of an answer that broke off before its usage as read from the cache', async () => {
    await using gateway = await promptGateway();
    gateway.onChat = (response) =>
      beginStream(response).write(chunk({ content: 'Hi' }), () => response.destroy());
    using models = new ModelsFile();
    await using server = await TestServer.before(gateway, { MODELS: models.path });
    const contextId = await create(server);
    const client = TRANSPORTS[0]?.[1](server);
    await collect(client?.open({ contextId, messages }) as never);
    client?.close();
    // Eight tokens of the context, created and read; one of the question and one of the answer.
    const spent = {
      input: { amount: '0.0000072' },
      cachedInput: { amount: '0.00000128' },
      output: { amount: '0.000002' },
    };
    await eventually(async () => (await reportOf(server)).money.withoutCache.amount !== '0');
    expect((await reportOf(server)).money).toMatchObject({ spent });
  });

  it('keeps the prices of the past', async () => {
    await using gateway = await promptGateway();
    using models = new ModelsFile();
    await using server = await TestServer.before(gateway, { MODELS: models.path });
    await create(server);
    const { money } = await reportOf(server);
    models.write('8.00');
    await using later = await TestServer.before(gateway, { MODELS: models.path });
    await create(later);
    expect((await reportOf(server)).money).toEqual(money);
    expect((await reportOf(later)).money.spent.total.amount).toBe('0.000064');
  });

  it('is null for models without a price, whose tokens lower the priced share', async () => {
    await using gateway = await promptGateway();
    using models = new ModelsFile();
    await using server = await TestServer.before(gateway, { MODELS: models.path });
    for (const model of ['unpriced', PREFIX.model]) {
      const contextId = await create(server, { ...PREFIX, model });
      await server.query(CHAT, { input: { contextId, messages } });
    }
    const { money, byModel } = await reportOf(server);
    expect(money).toMatchObject({ pricedShare: 0.5 });
    expect(byModel).toEqual([
      { model: 'Doubao-1.5-pro-32k', money: expect.objectContaining({ pricedShare: 1 }) },
      { model: 'unpriced', money: null },
    ]);
  });

  it('is null without a file of models', async () => {
    await using gateway = await promptGateway();
    await using server = await TestServer.before(gateway);
    await create(server);
    expect(await reportOf(server)).toEqual({
      money: null,
      byModel: [{ model: PREFIX.model, money: null }],
      byPrompt: [],
    });
  });

  it('shares what keeping a prompt’s context cost among those who chat with it, by their tokens', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    using models = new ModelsFile();
    await using server = await TestServer.before(gateway, { ...JWT, ...files.env, MODELS: models.path });
    const chats = { alice: 3, bob: 1 };
    for (const [who, times] of Object.entries(chats)) {
      for (let chat = 0; chat < times; chat++) {
        await server.query(CHAT, { input: { prompt: 'support', messages } }, bearer(who));
      }
    }
    // Eight tokens for one hour; nobody but the operator pays for the creation.
    for (const [who, times] of Object.entries(chats)) {
      const { money, byPrompt } = await reportOf(server, {}, bearer(who));
      const storage = { amount: Big('0.000000136').times(times).div(4).toFixed() };
      expect(money.storage).toEqual(storage);
      expect(byPrompt).toMatchObject([{ prompt: 'support', money: { storage } }]);
      expect(money.spent.total.amount).toBe(Big('0.00001688').times(times).toFixed());
    }
  });
});

const PRICES = '["CNY","0.8","0.16","0.9","2","0.017"]';
const NONE = { chatPrompt: 0, chatOutput: 0, tokenHours: 0, userTokens: 0 };
const NO_TOKENS = { input: 0, cachedInput: 0, cacheWrite: 0, output: 0, ...NONE };
const row = (change: Partial<Spending>): Spending => ({
  ...{ day: NOON, model: 'm', prompt: '', prices: PRICES },
  ...NO_TOKENS,
  ...change,
});

describe('sums of money', () => {
  const million = fc.nat(1_000_000);
  const call = fc.record({ input: million, cachedInput: million, cacheWrite: million, output: million });

  it('are exact to the last digit, in whatever order calls are added up', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 50 }), million, (calls, times) => {
        const counts = { ...NO_TOKENS };
        let exact = 0n;
        for (const { input, cachedInput, cacheWrite, output } of calls) {
          counts.input += input * times;
          counts.cachedInput += cachedInput * times;
          counts.cacheWrite += cacheWrite * times;
          counts.output += output * times;
          const each = 80 * input + 16 * cachedInput + 90 * cacheWrite + 200 * output;
          exact += BigInt(each) * BigInt(times);
        }
        const report = moneyReport([row(counts)], Big(0), 0, 'CNY');
        expect(report?.spent.total.amount).toBe(Big(String(exact)).times('0.00000001').toFixed());
      }),
    );
  });

  it('leave out amounts in another currency, and their tokens', () => {
    const yuan = row({ input: 10, chatPrompt: 10 });
    const dollars = row({ input: 5, chatPrompt: 30, prices: '["USD","1","1","1","1","0"]' });
    expect(latestCurrency([dollars, yuan])).toBe('CNY');
    expect(latestCurrency([yuan, { ...dollars, day: yuan.day + 1 }, yuan])).toBe('USD');
    expect(latestCurrency([])).toBeUndefined();
    expect(moneyReport([yuan, dollars], Big(0), 40, 'CNY')).toMatchObject({
      withoutCache: { amount: '0.000008', currency: 'CNY' },
      pricedShare: 0.25,
    });
  });

  it('of storage are shared out without giving away more than there is', () => {
    const tokens = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(fc.array(tokens, { minLength: 1, maxLength: 8 }), million, (users, tokenHours) => {
        const userTokens = users.reduce((sum, each) => sum + each);
        const shared = [row({ prompt: 'p', tokenHours, userTokens })];
        const shares = users.map((chatPrompt) =>
          storageShare([row({ prompt: 'p', chatPrompt })], shared, () => true, 'CNY'),
        );
        const whole = amountsOf(shared[0] as Spending).storage;
        const sum = shares.reduce((total, share) => total.plus(share), Big(0));
        expect(sum.lte(whole)).toBe(true);
        expect(whole.minus(sum).lt('0.00000000001')).toBe(true);
      }),
    );
  });

  it('of what was saved may be negative', () => {
    expect(savedOf(amountsOf(row({ cacheWrite: 1_000_000, tokenHours: 1_000_000 }))).toFixed()).toBe(
      '-0.917',
    );
  });
});
