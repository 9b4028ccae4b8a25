import fc from 'fast-check';
import type { ChatOptions } from '../../src/gateway/caching-api.js';
import { Gateway, type GatewayDataSource } from '../../src/gateway/data-source.js';
import { ContextMode, type GatewayUsage, MessageRole } from '../../src/gateway/types.js';
import { drain } from '../support/drain.js';
import { NOON } from '../support/server.js';
import { type Answer, json, StandIn } from '../support/stand-in.js';
import '../support/seed.js';

const LIMITS = {
  ...{ connectTimeoutMs: 5_000, headersTimeoutMs: 5_000, idleTimeoutMs: 5_000 },
  ...{ totalTimeoutMs: 20_000, maxResponseBytes: 100_000, now: () => NOON },
};
const USAGE = {
  ...{ input_tokens: 300, input_tokens_details: { cached_tokens: 280 }, output_tokens: 12 },
  ...{ output_tokens_details: { reasoning_tokens: 5 }, total_tokens: 312 },
};
const COUNTED: GatewayUsage = {
  ...{ promptTokens: 300, completionTokens: 12, totalTokens: 312, cacheCreationInputTokens: null },
  promptTokensDetails: { cachedTokens: 280 },
  completionTokensDetails: { reasoningTokens: 5 },
};
const HEAD = { id: 'resp_2', object: 'response', created_at: NOON / 1_000, model: 'seed' };
const ANSWER = {
  ...HEAD,
  status: 'completed',
  output: [
    {
      type: 'reasoning',
      summary: [
        { type: 'summary_text', text: 'Let me ' },
        { type: 'summary_text', text: 'see.' },
      ],
    },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Good ' }] },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'day. 你好' }] },
  ],
  usage: USAGE,
};
const QUESTION = {
  ...{ contextId: 'resp_1', model: 'seed' },
  messages: [{ role: MessageRole.SYSTEM, content: 'Be kind.' }, { content: 'hello' }],
};

/** What one call comes to, with the requests that the gateway saw. */
async function ask<T>(answer: Answer, call: (gateway: GatewayDataSource) => Promise<T>) {
  await using standIn = await StandIn.start(answer);
  const gateway = new Gateway({ url: standIn.url, ...LIMITS });
  const { signal } = new AbortController();
  try {
    const result = await call(gateway.forCaller({ credential: { key: 'sk-1', owner: 'server' }, signal }));
    return { result, error: undefined, seen: standIn.seen };
  } catch (error) {
    return { result: undefined, error, seen: standIn.seen };
  } finally {
    await gateway.close();
  }
}

const bodyOf = ({ body }: { body: string } | undefined = { body: 'null' }) => JSON.parse(body);
const answering = (body: object) => (response: Parameters<typeof json>[0]) => json(response, 200, body);

/** A stream to its end. */
async function read(gateway: GatewayDataSource) {
  const said = { content: '', reasoning: '', finishReason: null as unknown, counted: [] as unknown[] };
  const onUsage = (usage: GatewayUsage, deltas: number) => said.counted.push([usage, deltas]);
  const stream = gateway.chatStream('responses', QUESTION, { onUsage });
  const head = await drain(stream, ({ content, reasoningContent, finishReason }) => {
    said.content += content ?? '';
    said.reasoning += reasoningContent ?? '';
    said.finishReason = finishReason;
  });
  return { head, ...said };
}

describe('a creation', () => {
  const NEW = { model: 'seed', messages: QUESTION.messages, mode: ContextMode.COMMON_PREFIX };
  const CREATED = { ...HEAD, id: 'resp_1', output: [], usage: USAGE, expire_at: NOON / 1_000 + 259_200 };

  it('asks for a stored prefix, and ends when the gateway says', async () => {
    const { result, seen } = await ask(answering(CREATED), (gateway) =>
      gateway.createContext('responses', NEW),
    );
    expect(seen[0]).toMatchObject({ method: 'POST', path: '/v1/responses' });
    expect(bodyOf(seen[0])).toEqual({
      model: 'seed',
      input: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'hello' },
      ],
      caching: { type: 'enabled', prefix: true },
      store: true,
    });
    expect(result).toEqual({
      ...{ id: 'resp_1', model: 'seed', mode: 'COMMON_PREFIX', ttl: 259_200 },
      ...{ expiresAt: NOON + 259_200_000, truncationStrategy: null, usage: COUNTED },
    });
  });

  it('turns the ttl into a time', async () => {
    const { seen } = await ask(answering(CREATED), (gateway) =>
      gateway.createContext('responses', { ...NEW, ttl: 7_200 }),
    );
    expect(bodyOf(seen[0]).expire_at).toBe(NOON / 1_000 + 7_200);
  });

  it.each([
    [undefined, 259_200],
    [7_200, 7_200],
  ])('that does not say when it ends, with a ttl of %p, ends after %p seconds', async (ttl, seconds) => {
    const { expire_at: _, ...silent } = CREATED;
    const { result } = await ask(answering(silent), (gateway) =>
      gateway.createContext('responses', { ...NEW, ttl: ttl ?? null }),
    );
    expect(result).toMatchObject({ ttl: seconds, expiresAt: NOON + seconds * 1_000 });
  });

  it('is refused without a call where it asks for what the API has not', async () => {
    const strategy = { type: 'ROLLING_TOKENS' as never };
    const { error, seen } = await ask(answering(CREATED), (gateway) =>
      gateway.createContext('responses', { ...NEW, truncationStrategy: strategy }),
    );
    expect(error).toMatchObject({
      code: 'BAD_USER_INPUT',
      details: {
        fields: [
          { path: ['input', 'truncationStrategy'], message: expect.stringContaining('the model seed') },
        ],
      },
    });
    expect(seen).toEqual([]);
  });
});

describe('a chat', () => {
  const chat =
    (change: object = {}, options: ChatOptions = {}) =>
    (gateway: GatewayDataSource) =>
      gateway.chat('responses', { ...QUESTION, ...change }, options);

  it('reads a prefix and writes nothing', async () => {
    const { result, seen } = await ask(
      answering(ANSWER),
      chat({ temperature: 0.5, topP: 0.9, maxTokens: 100, n: 1 }),
    );
    expect(bodyOf(seen[0])).toEqual({
      model: 'seed',
      previous_response_id: 'resp_1',
      input: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'hello' },
      ],
      store: false,
      temperature: 0.5,
      top_p: 0.9,
      max_output_tokens: 100,
    });
    expect(result).toEqual({
      ...{ id: 'resp_2', model: 'seed', created: new Date(NOON), usage: COUNTED },
      choices: [
        {
          index: 0,
          message: { role: 'ASSISTANT', content: 'Good day. 你好', reasoningContent: 'Let me see.' },
          finishReason: 'STOP',
        },
      ],
    });
  });

  it('adds a turn to a session, up to the end of its chain', async () => {
    const { seen } = await ask(answering(ANSWER), chat({}, { keepsHistory: true, expiresAt: NOON + 5_500 }));
    expect(bodyOf(seen[0])).toMatchObject({
      ...{ caching: { type: 'enabled' }, store: true, expire_at: NOON / 1_000 + 5 },
    });
  });

  it.each([
    ['length', 'LENGTH'],
    ['max_output_tokens', 'LENGTH'],
    ['content_filter', 'CONTENT_FILTER'],
    ['something else', 'OTHER'],
  ])('that is incomplete by %s ends with %s', async (reason, finishReason) => {
    const incomplete = { ...ANSWER, status: 'incomplete', incomplete_details: { reason } };
    const { result } = await ask(answering(incomplete), chat());
    expect(result?.choices[0]?.finishReason).toBe(finishReason);
  });

  it.each([
    ['stop', { stop: ['x'] }],
    ['n', { n: 2 }],
    ['logitBias', { logitBias: [{ token: '1', bias: 1 }] }],
    ['presencePenalty', { presencePenalty: 1 }],
    ['frequencyPenalty', { frequencyPenalty: 0 }],
  ])('is refused without a call where it has %s', async (field, change) => {
    const { error, seen } = await ask(answering(ANSWER), chat(change));
    expect(error).toMatchObject({
      code: 'BAD_USER_INPUT',
      details: { fields: [{ path: ['input', field] }] },
    });
    expect(seen).toEqual([]);
  });

  it.each([
    [400, 'InvalidParameter.PreviousResponseNotFound', 'CONTEXT_NOT_FOUND'],
    [403, 'OperationDenied.ServiceOverdue', 'QUOTA_EXCEEDED'],
    [400, 'OutofContextError', 'BAD_USER_INPUT'],
    [404, 'InvalidEndpoint.NotFound', 'MODEL_NOT_FOUND'],
    [429, 'RequestBurstTooFast', 'RATE_LIMITED'],
    [429, 'SetLimitExceeded', 'RATE_LIMITED'],
    [429, 'ModelAccountRpmRateLimitExceeded', 'RATE_LIMITED'],
  ])('refused with %d %s is a %s', async (status, code, meant) => {
    const isLost = code.includes('PreviousResponse');
    const error = { code, message: 'refused', type: 'x', ...(isLost && { param: 'previous_response_id' }) };
    const refused = await ask((response) => json(response, status, { error }), chat());
    expect(refused.error).toMatchObject({ code: meant });
  });

  it('that another turn of the chain holds up may be tried again', async () => {
    const error = { code: 'OperationDenied.InvalidState', message: 'resp_1 is in invalid state: InProgress' };
    const refused = await ask((response) => json(response, 403, { error }), chat());
    expect(refused.error).toMatchObject({ code: 'RATE_LIMITED' });
  });

  it.each([null, {}, undefined])('that failed and does not say why may be tried again: %j', async (error) => {
    const failed = { ...HEAD, status: 'failed', error, output: [], usage: null };
    for (const call of [chat(), chat({}, { keepsHistory: true }), read]) {
      const { result, error: thrown } = await ask<unknown>(answering(failed), call);
      expect(result).toBeUndefined();
      expect(thrown).toMatchObject({ code: 'GATEWAY_UNAVAILABLE', retryable: true });
    }
  });

  it.each([
    ['a refusal', { type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] }, ['No.', null]],
    ['a text', { type: 'message', content: 'Yes.' }, ['Yes.', null]],
    [
      'reasoning in full',
      { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'Hm.' }] },
      [null, 'Hm.'],
    ],
    ['the call of a tool', { type: 'web_search_call', content: 'weather' }, [null, null]],
  ])('may hold %s', async (_, item, [content, reasoningContent]) => {
    const { result } = await ask(answering({ ...ANSWER, output: [item] }), chat());
    expect(result?.choices[0]?.message).toEqual({ role: 'ASSISTANT', content, reasoningContent });
  });

  it('without an id cannot be used', async () => {
    const { error } = await ask(answering({ ...ANSWER, id: undefined }), chat());
    expect(error).toMatchObject({ code: 'GATEWAY_BAD_RESPONSE' });
  });
});

describe('a stream', () => {
  const event = (type: string, data: object = {}) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: 1, ...data })}\n\n`;
  const delta = (text: string) => event('response.output_text.delta', { delta: text });
  const BEGUN = [
    event('response.created', { response: { ...HEAD, status: 'in_progress' } }),
    event('response.output_item.added', { item: { type: 'reasoning' } }),
    event('response.reasoning_summary_text.delta', { delta: 'Let me see.' }),
    event('response.content_part.added', { part: { type: 'output_text', text: '' } }),
    delta('Good '),
    delta('day. 你好'),
    event('response.output_text.done', { text: 'Good day. 你好' }),
  ].join('');
  const COMPLETED = event('response.completed', { response: ANSWER });

  /** In two pieces, cut at a byte. */
  const streaming =
    (text: string, cut = 0) =>
    (response: Parameters<typeof json>[0]) => {
      const bytes = Buffer.from(text);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(bytes.subarray(0, cut), () => setImmediate(() => response.end(bytes.subarray(cut))));
    };
  const WHOLE = {
    ...{ content: 'Good day. 你好', reasoning: 'Let me see.', finishReason: 'STOP' },
    head: { id: 'resp_2', model: 'seed', created: new Date(NOON), usage: COUNTED },
    counted: [[COUNTED, 4]],
  };

  it('is read wherever its bytes are cut, with and without [DONE]', async () => {
    const text = BEGUN + COMPLETED;
    const cuts = fc.tuple(fc.nat(Buffer.byteLength(text)), fc.boolean());
    await fc.assert(
      fc.asyncProperty(cuts, async ([cut, isDone]) => {
        const { result, error } = await ask(streaming(isDone ? `${text}data: [DONE]\n\n` : text, cut), read);
        expect(error).toBeUndefined();
        expect(result).toEqual(WHOLE);
      }),
      { numRuns: 60 },
    );
  });

  it.each<[string, (response: Parameters<typeof json>[0]) => unknown]>([
    ['stays open', () => undefined],
    ['is reset', (response) => response.socket?.resetAndDestroy()],
    ['is kept alive for ever', (response) => setInterval(() => response.write(': ping\n\n'), 50).unref()],
    ['says something else', (response) => response.end(event('error', { code: 'x', message: 'x' }))],
  ])('counts where its connection %s behind the last event', async (_, goOn) => {
    const { result, error } = await ask((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(BEGUN + COMPLETED, () => setTimeout(goOn, 20, response));
    }, read);
    expect(error).toBeUndefined();
    expect(result).toEqual(WHOLE);
  });

  it('ignores what came with the last event', async () => {
    const { result } = await ask(streaming(BEGUN + COMPLETED + delta('more')), read);
    expect(result).toEqual(WHOLE);
  });

  it('may bring its text with the last event only', async () => {
    const { result } = await ask(streaming(event('response.created') + COMPLETED), read);
    expect(result).toEqual({ ...WHOLE, counted: [[COUNTED, 1]] });
  });

  it('may reason in full and refuse', async () => {
    const events = [
      event('response.reasoning_text.delta', { delta: 'No.' }),
      event('response.refusal.delta', { delta: 'I ' }),
      event('response.refusal.delta', { delta: 'cannot.' }),
    ];
    const { result } = await ask(streaming(events.join('') + COMPLETED), read);
    expect(result).toMatchObject({ content: 'I cannot.', reasoning: 'No.' });
  });

  it('may come as a whole answer', async () => {
    const { result } = await ask(answering(ANSWER), read);
    expect(result).toMatchObject({
      content: 'Good day. 你好',
      reasoning: 'Let me see.',
      finishReason: 'STOP',
    });
  });

  it.each([
    ['its end', BEGUN, 'GATEWAY_BAD_RESPONSE'],
    [
      'a failure',
      BEGUN +
        event('response.failed', {
          response: { ...HEAD, error: { code: 'RequestBurstTooFast', message: 'x' } },
        }),
      'RATE_LIMITED',
    ],
    [
      'a failure without a reason',
      BEGUN + event('response.failed', { response: { ...HEAD, status: 'failed', error: null } }),
      'GATEWAY_UNAVAILABLE',
    ],
    ['a failure of nothing', BEGUN + event('response.failed'), 'GATEWAY_UNAVAILABLE'],
    [
      'an error',
      BEGUN + event('error', { code: 'InternalServiceError', message: 'x' }),
      'GATEWAY_UNAVAILABLE',
    ],
    [
      'an error without a name',
      `${BEGUN}data: {"type":"error","code":"ServerOverloaded","message":"x"}\n\n`,
      'RATE_LIMITED',
    ],
    [
      'a lost beginning',
      event('response.failed', {
        response: { ...HEAD, error: { code: 'PreviousResponseNotFound', message: 'x' } },
      }),
      'CONTEXT_NOT_FOUND',
    ],
  ])('broken off by %s fails', async (_, text, code) => {
    const { error } = await ask(streaming(text), read);
    expect(error).toMatchObject({ code });
  });

  it('that is incomplete says why', async () => {
    const incomplete = { ...ANSWER, status: 'incomplete', incomplete_details: { reason: 'length' } };
    const text = BEGUN + event('response.incomplete', { response: incomplete });
    const { result } = await ask(streaming(text), read);
    expect(result).toMatchObject({ finishReason: 'LENGTH', head: { id: 'resp_2', usage: COUNTED } });
  });
});

describe('forgetting', () => {
  const GONE: [number, object][] = [
    [404, { code: 'NotFound.response_id' }],
    [400, { code: 'InvalidParameter.PreviousResponseNotFound', param: 'previous_response_id' }],
  ];
  it.each(GONE)(
    'deletes a chain to its beginning, past what is gone already: %d %j',
    async (status, gone) => {
      const before: Record<string, string | null> = { resp_3: 'resp_2', resp_2: 'resp_1', resp_1: null };
      const { error, seen } = await ask(
        (response, _, { method, path }) => {
          const id = path.split('/').at(-1) ?? '';
          if (method === 'DELETE' && id === 'resp_2') json(response, status, { error: gone });
          else if (method === 'DELETE') json(response, 200, { id, object: 'response', deleted: true });
          else json(response, 200, { ...ANSWER, id, previous_response_id: before[id] });
        },
        (gateway) => gateway.deleteContext('responses', 'resp_3'),
      );
      expect(error).toBeUndefined();
      const deleted = seen
        .filter(({ method }) => method === 'DELETE')
        .map(({ path }) => path.split('/').at(-1));
      expect(deleted).toEqual(['resp_3', 'resp_2', 'resp_1']);
    },
  );

  it.each(GONE)('is done where all of it is gone: %d %j', async (status, gone) => {
    const { error } = await ask(
      (response) => json(response, status, { error: gone }),
      (gateway) => gateway.deleteContext('responses', 'resp_1'),
    );
    expect(error).toBeUndefined();
  });

  it('fails where the gateway does, so that it is tried again', async () => {
    const { error } = await ask(
      (response) => json(response, 500, { error: { message: 'x' } }),
      (gateway) => gateway.deleteContext('responses', 'resp_1'),
    );
    expect(error).toMatchObject({ code: 'GATEWAY_UNAVAILABLE' });
  });
});
