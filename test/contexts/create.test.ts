import { CreateContextDocument, type CreateContextInput } from 'graphql-context-cache-client';
import { describeThroughEachApi } from '../support/apis.js';
import { NOON, SERVER_KEY, TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';

const SEED: CreateContextInput = {
  model: 'Doubao-1.5-pro-32k',
  messages: [
    { role: 'SYSTEM', content: '请扮演一位友好的客服' },
    { role: 'USER', content: '你好' },
  ],
  mode: 'SESSION',
  ttl: 3600,
};

const ALL_FIELDS = `mutation ($input: CreateContextInput!) {
  createContext(input: $input) {
    id model mode ttl createdAt expiresAt
    truncationStrategy { type rollingTokens lastHistoryTokens maxWindowTokens rollingWindowTokens }
    usage {
      promptTokens completionTokens totalTokens cacheCreationInputTokens
      promptTokensDetails { cachedTokens }
      completionTokensDetails { reasoningTokens }
    }
  }
}`;

async function create(answer: unknown, input: CreateContextInput) {
  await using gateway = await StandIn.start((response) => json(response, 200, answer as object));
  await using server = await TestServer.before(gateway);
  const { data, errors } = await server.query<{ createContext: Record<string, unknown> }>(ALL_FIELDS, {
    input,
  });
  return { context: data?.createContext, errors, sent: gateway.seen.map(({ body }) => JSON.parse(body)) };
}

describeThroughEachApi('createContext', (api) => {
  const mode = api.hasSessions ? 'SESSION' : 'COMMON_PREFIX';
  const input = { ...SEED, mode } as const;

  it('sends its input and answers what the gateway said', async () => {
    const { context, sent, errors } = await create(CREATED, input);
    expect(errors).toEqual([]);
    expect(sent).toMatchObject([
      {
        model: 'Doubao-1.5-pro-32k',
        messages: [
          { role: 'system', content: '请扮演一位友好的客服' },
          { role: 'user', content: '你好' },
        ],
        ttl: 3600,
      },
    ]);
    expect(context).toMatchObject({
      ...{ id: CREATED.id, model: 'Doubao-1.5-pro-32k', mode, ttl: 3600 },
      usage: {
        promptTokens: 8,
        completionTokens: 0,
        totalTokens: 8,
        promptTokensDetails: { cachedTokens: 0 },
      },
      createdAt: new Date(NOON).toISOString(),
      expiresAt: new Date(NOON + 3_600_000).toISOString(),
    });
  });

  it('sends no ttl that the caller left out or gave as null', async () => {
    const { ttl: _, ...without } = input;
    for (const one of [without, { ...input, ttl: null }]) {
      const { sent, errors } = await create(CREATED, one);
      expect(errors).toEqual([]);
      expect(sent[0]).not.toHaveProperty('ttl');
    }
  });

  it('keeps the model that was asked for, and reads a ttl that is a string', async () => {
    const { context } = await create({ ...CREATED, model: 'ep-20241211-abcde', ttl: '3600' }, input);
    expect(context).toMatchObject({ model: input.model, ttl: 3600 });
  });

  it('gives null for what the gateway left out; mode and ttl fall back to those asked for, the mode else to the first', async () => {
    const { context } = await create({ id: 'ctx-1' }, { ...SEED, mode: 'COMMON_PREFIX' });
    expect(context).toMatchObject({
      mode: 'COMMON_PREFIX',
      ttl: 3600,
      expiresAt: '2026-01-01T13:00:00.000Z',
      truncationStrategy: null,
      usage: null,
    });
    const { mode: _, ...withoutMode } = SEED;
    expect((await create({ id: 'ctx-1' }, withoutMode)).context).toMatchObject({ mode });
  });

  it('is not broken by values of the future', async () => {
    const usage = { prompt_tokens: 8, prompt_tokens_details: [], surprise: true };
    const { context, errors } = await create({ ...CREATED, usage, region: 'mars' }, input);
    expect(errors).toEqual([]);
    expect(context).toMatchObject({ id: CREATED.id, usage: { promptTokens: 8, promptTokensDetails: null } });
  });

  it('refuses an answer without an id', async () => {
    for (const answer of [{ ttl: 3600 }, { id: '' }, { id: 7 }, { id: null }]) {
      const { errors } = await create(answer, input);
      expect(errors[0]?.extensions.code).toBe('GATEWAY_BAD_RESPONSE');
    }
  });
});

describe('createContext at the Context API', () => {
  it('sends nothing that the caller left out or gave as null', async () => {
    const bare = { model: 'm', messages: [{ content: 'a' }, { role: 'USER', content: null }] } as const;
    const { sent } = await create(CREATED, {
      ...bare,
      messages: [...bare.messages],
      mode: null,
      ttl: null,
      truncationStrategy: null,
    });
    expect(sent).toEqual([{ model: 'm', messages: [{ content: 'a' }, { role: 'user' }] }]);
  });

  it('sends the document’s example byte for byte and answers all that the gateway said', async () => {
    await using gateway = await StandIn.start();
    await using server = await TestServer.before(gateway);
    const { data, errors, status } = await server.run(CreateContextDocument, { input: SEED });
    expect(errors).toEqual([]);
    expect(status).toBe(200);
    expect(data.createContext).toEqual({
      id: 'ctx-20241211104333-12345',
      model: 'Doubao-1.5-pro-32k',
      mode: 'SESSION',
      ttl: 3600,
      truncationStrategy: { type: 'ROLLING_TOKENS', rollingTokens: true },
      usage: {
        promptTokens: 8,
        completionTokens: 0,
        totalTokens: 8,
        promptTokensDetails: { cachedTokens: 0 },
      },
      createdAt: new Date(NOON).toISOString(),
      expiresAt: new Date(NOON + 3_600_000).toISOString(),
      reused: false,
    });
    expect(gateway.seen).toHaveLength(1);
    expect(gateway.seen[0]).toMatchObject({
      method: 'POST',
      path: '/v1/context/create',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        authorization: `Bearer ${SERVER_KEY}`,
      },
      body: '{"model":"Doubao-1.5-pro-32k","messages":[{"role":"system","content":"请扮演一位友好的客服"},{"role":"user","content":"你好"}],"mode":"session","ttl":3600}',
    });
  });

  it('sends both truncation strategies as Ark spells them', async () => {
    const last = await create(CREATED, {
      ...SEED,
      truncationStrategy: { type: 'LAST_HISTORY_TOKENS', lastHistoryTokens: 4096 },
    });
    expect(last.sent[0].truncation_strategy).toEqual({
      type: 'last_history_tokens',
      last_history_tokens: 4096,
    });
    const rolling = await create(CREATED, {
      ...SEED,
      truncationStrategy: {
        type: 'ROLLING_TOKENS',
        rollingTokens: true,
        maxWindowTokens: 32_768,
        rollingWindowTokens: 4_096,
      },
    });
    expect(rolling.sent[0].truncation_strategy).toEqual({
      type: 'rolling_tokens',
      rolling_tokens: true,
      max_window_tokens: 32_768,
      rolling_window_tokens: 4_096,
    });
  });

  it('reads Gemini’s answer, and takes a ttl below an hour for its models', async () => {
    const answer = {
      id: 'projects/370/locations/global/cachedContents/169217',
      ttl: 300,
      usage: {
        prompt_tokens: 4375,
        completion_tokens: 0,
        total_tokens: 0,
        cache_creation_input_tokens: 4375,
      },
    };
    const { context, sent } = await create(answer, {
      model: 'gemini-2.5-flash',
      messages: [{ role: 'SYSTEM', content: 'a long one' }],
      ttl: 300,
    });
    expect(sent[0].ttl).toBe(300);
    expect(context).toEqual({
      id: answer.id,
      model: 'gemini-2.5-flash',
      mode: 'COMMON_PREFIX',
      ttl: 300,
      truncationStrategy: null,
      usage: {
        promptTokens: 4375,
        completionTokens: 0,
        totalTokens: 0,
        cacheCreationInputTokens: 4375,
        promptTokensDetails: null,
        completionTokensDetails: null,
      },
      createdAt: new Date(NOON).toISOString(),
      expiresAt: new Date(NOON + 300_000).toISOString(),
    });
  });

  it('is not broken by values of the future', async () => {
    const { context, errors } = await create(
      {
        ...CREATED,
        mode: 'team',
        ttl: { unit: 'days', value: 3 },
        truncation_strategy: { type: 'summarise', rolling_tokens: 'yes', summary_tokens: 9 },
        usage: { prompt_tokens: 8, prompt_tokens_details: [], surprise: true },
        region: 'mars',
      },
      SEED,
    );
    expect(errors).toEqual([]);
    expect(context).toMatchObject({
      id: CREATED.id,
      mode: null,
      ttl: null,
      truncationStrategy: {
        type: null,
        rollingTokens: null,
        lastHistoryTokens: null,
        maxWindowTokens: null,
        rollingWindowTokens: null,
      },
      usage: { promptTokens: 8, completionTokens: 0, totalTokens: 8, promptTokensDetails: null },
    });
  });
});
