import { describeThroughEachApi } from '../support/apis.js';
import { CHAT_ANSWER } from '../support/chat-answers.js';
import { type Held, serverHolding } from '../support/holding.js';
import { NOON, TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { QUESTION } from '../support/streams.js';

const CHAT = `mutation ($input: ChatInput!) {
  chat(input: $input) {
    id model created
    choices { index finishReason message { role content reasoningContent } }
    usage { promptTokens totalTokens promptTokensDetails { cachedTokens } completionTokensDetails { reasoningTokens } }
    context { id expiresAt }
  }
}`;
const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';

async function chat(input: object, answer: unknown = CHAT_ANSWER, status = 200, held: Held = {}) {
  await using gateway = await StandIn.start((response) => json(response, status, answer));
  await using server = await serverHolding(gateway, held);
  const { data, errors } = await server.query<{ chat: Record<string, unknown> }>(CHAT, { input });
  return {
    chat: data?.chat,
    errors,
    seen: gateway.seen,
    sent: gateway.seen.map(({ body }) => JSON.parse(body)),
  };
}

describeThroughEachApi('chats', (api) => {
  describe('chat', () => {
    it('asks the context and answers all that the gateway said', async () => {
      const { chat: answered, seen } = await chat(QUESTION);
      expect(seen).toMatchObject([{ method: 'POST', path: '/v1/context/chat/completions' }]);
      expect(seen[0]?.body).toBe(
        '{"context_id":"ctx-1","model":"Doubao-1.5-pro-32k","messages":[{"role":"user","content":"hello"}]}',
      );
      expect(answered).toEqual({
        id: 'chatcmpl-1',
        model: 'Doubao-1.5-pro-32k',
        created: '2026-01-01T12:00:00.000Z',
        choices: [
          {
            index: 0,
            finishReason: 'STOP',
            message: { role: 'ASSISTANT', content: '您好', reasoningContent: 'hm' },
          },
        ],
        usage: {
          promptTokens: 20,
          totalTokens: 23,
          promptTokensDetails: { cachedTokens: 8 },
          completionTokensDetails: { reasoningTokens: 1 },
        },
        context: { id: 'ctx-1', expiresAt: '2026-01-01T13:00:00.000Z' },
      });
    });

    it('sends the parameters that every API takes', async () => {
      const { sent } = await chat({ ...QUESTION, temperature: 0.5, topP: 1, maxTokens: 100 });
      expect(sent[0]).toEqual({
        context_id: 'ctx-1',
        model: 'Doubao-1.5-pro-32k',
        messages: [{ role: 'user', content: 'hello' }],
        ...{ temperature: 0.5, top_p: 1, max_tokens: 100 },
      });
    });

    if (api.name !== 'responses') {
      it('sends every parameter as the gateway spells it', async () => {
        const { sent } = await chat({
          ...QUESTION,
          temperature: 0.5,
          topP: 1,
          n: 2,
          maxTokens: 100,
          stop: ['a', 'b'],
          presencePenalty: -2,
          frequencyPenalty: 2,
          logitBias: [
            { token: '1024', bias: -100 },
            { token: '7', bias: 0.5 },
          ],
        });
        expect(sent[0]).toEqual({
          context_id: 'ctx-1',
          model: 'Doubao-1.5-pro-32k',
          messages: [{ role: 'user', content: 'hello' }],
          temperature: 0.5,
          top_p: 1,
          n: 2,
          max_tokens: 100,
          stop: ['a', 'b'],
          presence_penalty: -2,
          frequency_penalty: 2,
          logit_bias: { 1024: -100, 7: 0.5 },
        });
      });

      it('is not broken by values of the future or by what is left out', async () => {
        const { chat: answered } = await chat(QUESTION, {
          choices: [
            { message: { role: 'oracle', content: [{ type: 'poem' }] }, finish_reason: 'bored' },
            {},
            7,
          ],
          service_tier: 'x',
        });
        const nothing = { role: 'ASSISTANT', content: null, reasoningContent: null };
        expect(answered).toMatchObject({
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          model: 'Doubao-1.5-pro-32k',
          created: new Date(NOON).toISOString(),
          usage: null,
          choices: [
            { index: 0, message: nothing, finishReason: 'OTHER' },
            { index: 1, message: nothing, finishReason: null },
            { index: 2, message: nothing, finishReason: null },
          ],
        });
      });
    }

    it('sends no parameter that is null', async () => {
      const { sent } = await chat({ ...QUESTION, temperature: null, stop: null, logitBias: null, n: null });
      expect(Object.keys(sent[0])).toEqual(['context_id', 'model', 'messages']);
    });

    const refusals: [number, object, string][] = [
      [404, { error: { code: 'ModelNotOpen', message: 'none' } }, 'MODEL_NOT_FOUND'],
      [400, { error: { code: 'OutputTextRiskDetection', message: '' } }, 'CONTENT_REJECTED'],
      [200, { id: 'chatcmpl-1' }, 'GATEWAY_BAD_RESPONSE'],
    ];
    // A prefix would be created again.
    if (api.hasSessions)
      refusals.push([404, { error: { code: 'ContextNotFound', message: 'gone' } }, 'CONTEXT_NOT_FOUND']);
    it.each(refusals)('says what %p %p means', async (status, answer, code) => {
      const { errors } = await chat(QUESTION, answer, status);
      expect(errors[0]?.extensions.code).toBe(code);
    });

    it('lets go of the gateway when the caller leaves', async () => {
      const caller = new AbortController();
      let upstreamClosed: Promise<void> | undefined;
      await using gateway = await StandIn.start((response) => {
        upstreamClosed = new Promise((resolve) => response.on('close', resolve));
        caller.abort();
      });
      await using server = await serverHolding(gateway);
      const body = JSON.stringify({ query: CHAT, variables: { input: QUESTION } });
      const headers = { 'content-type': 'application/json' };
      await expect(
        fetch(server.url, { method: 'POST', headers, body, signal: caller.signal }),
      ).rejects.toThrow();
      await upstreamClosed;
      expect(upstreamClosed).toBeDefined();
    });
  });

  describe('a context that was created here', () => {
    it('gives its model to chats that name none, and counts its time to live from each chat if its expiry slides', async () => {
      await using gateway = await StandIn.start((response, _, { path }) =>
        json(response, 200, path === '/v1/context/create' ? CREATED : CHAT_ANSWER),
      );
      await using server = await TestServer.before(gateway);
      await server.query(CREATE, { input: { model: 'Doubao-pro-32k', messages: [{ content: 'a' }] } });
      server.clock = () => NOON + 60_000;
      const slidBy = api.expiry === 'SLIDING' ? 60_000 : 0;
      const { model: _, ...withoutModel } = { ...QUESTION, contextId: CREATED.id };
      const { data } = await server.query<{ chat: unknown }>(CHAT, { input: withoutModel });
      expect(JSON.parse(gateway.seen[1]?.body ?? '').model).toBe('Doubao-pro-32k');
      expect(data.chat).toMatchObject({
        context: { id: CREATED.id, expiresAt: new Date(NOON + slidBy + 3_600_000).toISOString() },
      });
    });

    it('is not known to another caller', async () => {
      await using gateway = await StandIn.start((response, _, { path }) =>
        json(response, 200, path === '/v1/context/create' ? CREATED : CHAT_ANSWER),
      );
      await using server = await TestServer.passingOn(gateway);
      const create = { input: { model: 'm', messages: [{ content: 'a' }] } };
      await server.query(CREATE, create, { authorization: 'Bearer sk-one' });
      const { model: _, ...withoutModel } = { ...QUESTION, contextId: CREATED.id };
      const { errors } = await server.query(
        CHAT,
        { input: withoutModel },
        { authorization: 'Bearer sk-two' },
      );
      expect(errors[0]?.extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        fields: [{ path: ['input', 'model'] }],
      });
    });
  });

  describe('the rules on chat’s input', () => {
    const cases: [string, object, (string | number)[], string][] = [
      ['a blank context id', { contextId: ' ' }, ['contextId'], 'must not be blank'],
      ['no message', { messages: [] }, ['messages'], 'must hold at least one message'],
      [
        'a last message from the assistant',
        { messages: [{ content: 'a' }, { role: 'ASSISTANT', content: 'b' }] },
        ['messages'],
        'must not end with a message from the ASSISTANT',
      ],
      [
        'an empty message',
        { messages: [{}] },
        ['messages', 0, 'content'],
        'must be given if the message has no role',
      ],
      ['a blank model', { model: '' }, ['model'], 'must not be blank'],
      ['a temperature below 0', { temperature: -0.1 }, ['temperature'], 'must be 0 to 2'],
      ['a temperature above 2', { temperature: 2.1 }, ['temperature'], 'must be 0 to 2'],
      ['a topP above 1', { topP: 1.1 }, ['topP'], 'must be 0 to 1'],
      ['n of 0', { n: 0 }, ['n'], 'must be at least 1'],
      ['maxTokens of 0', { maxTokens: 0 }, ['maxTokens'], 'must be at least 1'],
      ['five stops', { stop: ['a', 'b', 'c', 'd', 'e'] }, ['stop'], 'must hold at most 4 texts'],
      ['a stop with NUL', { stop: ['\0'] }, ['stop'], 'must hold no NUL character and no lone surrogate'],
      ['a presencePenalty above 2', { presencePenalty: 2.5 }, ['presencePenalty'], 'must be -2 to 2'],
      ['a frequencyPenalty below -2', { frequencyPenalty: -3 }, ['frequencyPenalty'], 'must be -2 to 2'],
      [
        'a bias above 100',
        { logitBias: [{ token: '1', bias: 101 }] },
        ['logitBias', 0, 'bias'],
        'must be -100 to 100',
      ],
      [
        'a token that is no id',
        { logitBias: [{ token: '__proto__', bias: 1 }] },
        ['logitBias', 0, 'token'],
        'must be a token’s id, in digits',
      ],
    ];
    it.each(cases)('refuse %s', async (_, change, path, message) => {
      const { errors, seen } = await chat({ ...QUESTION, ...change });
      expect(errors[0]?.extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        fields: [{ path: ['input', ...path], message }],
      });
      expect(seen).toEqual([]);
    });
  });
});
