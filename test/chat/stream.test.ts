import { once } from 'node:events';
import { describeThroughEachApi } from '../support/apis.js';
import { beginStream, CHAT_ANSWER, chunk, DONE, STREAM, sendPieces, USAGE } from '../support/chat-answers.js';
import { serverHolding } from '../support/holding.js';
import { TestServer } from '../support/server.js';
import { type Answer, json, StandIn } from '../support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from '../support/streams.js';

describeThroughEachApi('streams', (api) => {
  describe.each(TRANSPORTS)('chatStream over %s', (_, connect) => {
    async function stream(answer: Answer, env: Record<string, string> = {}, input?: object) {
      await using gateway = await StandIn.start(answer);
      await using server = await serverHolding(gateway, { env });
      const client = connect(server);
      try {
        return { ...(await collect(client.open(input))), seen: gateway.seen };
      } finally {
        client.close();
      }
    }
    const say = (text: string) => (response: Parameters<Answer>[0]) => void beginStream(response).end(text);

    it('gives the deltas, then one ChatDone with the usage', async () => {
      const { events, text, seen } = await stream(say(STREAM));
      expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
        context_id: 'ctx-1',
        model: 'Doubao-1.5-pro-32k',
        messages: [{ role: 'user', content: 'hello' }],
        stream: true,
        stream_options: { include_usage: true },
      });
      expect(text).toBe('Hi 您好😀');
      const isChatCompletion = api.name !== 'responses';
      const deltas = Array(isChatCompletion ? 4 : 3).fill('ChatDelta');
      expect(events.map((event) => event.__typename)).toEqual([...deltas, 'ChatDone']);
      if (isChatCompletion)
        expect(events[0]).toMatchObject({ index: 0, role: 'ASSISTANT', content: '', finishReason: null });
      expect(events.at(-2)).toMatchObject({ content: null, finishReason: 'STOP' });
      expect(events.at(-1)).toEqual({
        __typename: 'ChatDone',
        id: 'chatcmpl-1',
        model: 'Doubao-1.5-pro-32k',
        created: '2026-01-01T12:00:00.000Z',
        usage: { promptTokens: 20, completionTokens: 3, promptTokensDetails: { cachedTokens: 8 } },
        context: { id: 'ctx-1', expiresAt: '2026-01-01T13:00:00.000Z' },
      });
    });

    it('passes each delta on when it comes, without waiting for the next', async () => {
      await using gateway = await StandIn.start();
      await using server = await serverHolding(gateway);
      const client = connect(server);
      const asked = new Promise<Parameters<Answer>[0]>((resolve) => {
        gateway.answer = (response) => resolve(beginStream(response));
      });
      const results = client.open();
      const first = results.next();
      const response = await asked;
      for (const [index, next] of [first, null, null].entries()) {
        response.write(chunk({ content: `${index}` }));
        const { value } = await (next ?? results.next());
        expect(value.data.chatStream.content).toBe(`${index}`);
      }
      response.end(chunk({}, 'stop') + DONE);
      expect(await collect(results)).toMatchObject({ last: { __typename: 'ChatDone' } });
      client.close();
    });

    it('takes a finish reason without [DONE] for the end', async () => {
      const { last, text } = await stream(say(chunk({ content: 'all' }) + chunk({}, 'length') + USAGE));
      expect({ text, last }).toMatchObject({
        text: 'all',
        last: { __typename: 'ChatDone', usage: { promptTokens: 20 } },
      });
    });

    it('takes a JSON answer to a streamed question as one delta and the end', async () => {
      const { events } = await stream((response) => json(response, 200, CHAT_ANSWER));
      expect(events).toMatchObject([
        {
          __typename: 'ChatDelta',
          content: '您好',
          reasoningContent: 'hm',
          role: 'ASSISTANT',
          finishReason: 'STOP',
        },
        { __typename: 'ChatDone', usage: { promptTokens: 20 } },
      ]);
    });

    if (api.name !== 'responses')
      it('keeps several answers apart by their index', async () => {
        const { events } = await stream(
          say(
            chunk({ content: 'a' }, null, 0) +
              chunk({ content: 'b' }, 'stop', 1) +
              chunk({}, 'stop', 0) +
              DONE,
          ),
        );
        expect(events.map(({ index, content }) => [index, content])).toEqual([
          [0, 'a'],
          [1, 'b'],
          [0, null],
          [undefined, undefined],
        ]);
      });

    const breakages: [string, string, Answer][] = [
      ['a stream that is cut short', 'GATEWAY_BAD_RESPONSE', say(chunk({ content: 'half' }))],
      [
        'a lost connection',
        'GATEWAY_BAD_RESPONSE',
        (response) => beginStream(response).write(chunk({ content: 'half' }), () => response.destroy()),
      ],
      ['junk', 'GATEWAY_BAD_RESPONSE', say(`${chunk({ content: 'half' })}data: <html>\n\n`)],
      ['an array', 'GATEWAY_BAD_RESPONSE', say(`${chunk({ content: 'half' })}data: [1]\n\n`)],
      [
        'an error event',
        'RATE_LIMITED',
        say(
          `${chunk({ content: 'half' })}data: {"error":{"code":"RateLimitExceeded","message":"sk-secret"}}\n\n`,
        ),
      ],
      [
        'moderation',
        'CONTENT_REJECTED',
        say(
          `${chunk({ content: 'half' })}data: {"error":{"code":"OutputTextRiskDetection","message":""}}\n\n`,
        ),
      ],
      [
        'silence',
        'GATEWAY_TIMEOUT',
        (response) => void beginStream(response).write(chunk({ content: 'half' })),
      ],
      [
        'an event that is too large',
        'GATEWAY_BAD_RESPONSE',
        say(`${chunk({ content: 'half' })}data: "${'x'.repeat(200_000)}`),
      ],
    ];
    if (api.name !== 'responses')
      breakages.push([
        'one answer of two that did not finish',
        'GATEWAY_BAD_RESPONSE',
        say(chunk({ content: 'half' }) + chunk({}, 'stop', 1)),
      ]);
    it.each(breakages)('ends in one ChatFailure after %s', async (_name, code, answer) => {
      const env = { GATEWAY_IDLE_TIMEOUT_MS: '100', GATEWAY_MAX_RESPONSE_BYTES: '100000' };
      const { events, errors, text } = await stream(answer, env);
      expect(errors).toEqual([]);
      expect(text).toContain('half');
      const failures = events.filter((event) => event.__typename !== 'ChatDelta');
      expect(failures).toMatchObject([
        { __typename: 'ChatFailure', code, message: expect.not.stringContaining('sk-') },
      ]);
      expect(events.at(-1)).toBe(failures[0]);
    });

    const refusals: [string, string, Answer][] = [
      [
        '404 for the model',
        'MODEL_NOT_FOUND',
        (response) => json(response, 404, { error: { code: 'ModelNotOpen', message: 'none' } }),
      ],
      [
        'a page',
        'GATEWAY_UNAVAILABLE',
        (response) => json(response, 502, '<html>', { 'content-type': 'text/html' }),
      ],
      [
        'a page with 200',
        'GATEWAY_BAD_RESPONSE',
        (response) => json(response, 200, '<html>', { 'content-type': 'text/html' }),
      ],
      [
        'an error event',
        'QUOTA_EXCEEDED',
        say('data: {"error":{"code":"AccountOverdueError","message":""}}\n\n'),
      ],
      ['an empty stream', 'GATEWAY_BAD_RESPONSE', say('')],
      ['silence', 'GATEWAY_TIMEOUT', () => undefined],
    ];
    // A prefix would be created again.
    if (api.hasSessions)
      refusals.push([
        '404 for the context',
        'CONTEXT_NOT_FOUND',
        (response) => json(response, 404, { error: { code: 'ContextNotFound', message: 'gone' } }),
      ]);
    it.each(refusals)(
      'is an ordinary error where %s comes before the first delta',
      async (_name, code, answer) => {
        const { events, errors } = await stream(answer, { GATEWAY_HEADERS_TIMEOUT_MS: '100' });
        expect(events).toEqual([]);
        expect(errors).toMatchObject([
          { path: ['chatStream'], extensions: { code, requestId: expect.any(String) } },
        ]);
      },
    );

    it('refuses wrong input without a call', async () => {
      const { errors, seen } = await stream(
        say(STREAM),
        {},
        { ...QUESTION, messages: [{ content: '\0' }], topP: 3 },
      );
      expect(errors[0]?.extensions).toMatchObject({
        code: 'BAD_USER_INPUT',
        fields: [{ path: ['input', 'messages', 0, 'content'] }, { path: ['input', 'topP'] }],
      });
      expect(seen).toEqual([]);
    });

    it('wants a credential under passthrough, and sends the caller’s own', async () => {
      await using gateway = await StandIn.start(say(STREAM));
      await using server = await TestServer.passingOn(gateway);
      const stranger = connect(server);
      const { errors } = await collect(stranger.open());
      expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
      expect(gateway.seen).toEqual([]);
      const caller = connect(server, 'Bearer sk-mine');
      expect(await collect(caller.open())).toMatchObject({ last: { __typename: 'ChatDone' } });
      expect(gateway.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer sk-mine']);
      stranger.close();
      caller.close();
    });

    it('reads the same however the bytes are cut', async () => {
      const bytes = Buffer.from(STREAM);
      const pieces = Array.from(bytes, (_byte, index) => bytes.subarray(index, index + 1));
      const { text, last } = await stream(async (response) => {
        await sendPieces(response, pieces);
        response.end();
      });
      expect({ text, last }).toMatchObject({ text: 'Hi 您好😀', last: { __typename: 'ChatDone' } });
    });

    describe('a caller who leaves', () => {
      it.each([
        ['after', chunk({ content: 'a' })],
        ['before', ''],
      ])('ends the upstream call at once, %s the first token', async (_when, token) => {
        await using gateway = await StandIn.start();
        await using server = await serverHolding(gateway);
        const client = connect(server);
        const asked = new Promise<Parameters<Answer>[0]>((resolve) => {
          gateway.answer = (response) => resolve(beginStream(response));
        });
        const results = client.open();
        const first = results.next();
        const upstream = await asked;
        const upstreamClosed = once(upstream, 'close');
        if (token !== '') {
          upstream.write(token);
          await first;
        }
        const left = performance.now();
        void results.return?.();
        await upstreamClosed;
        // A server that notices only when it writes would take 12 seconds, until its next keep-alive.
        expect(performance.now() - left).toBeLessThan(10_000);
        await first.catch(() => undefined);
        client.close();
      });
    });

    it('has at most MAX_STREAMS_PER_CALLER open at once', async () => {
      await using gateway = await StandIn.start(
        (response) => void beginStream(response).write(chunk({ content: 'a' })),
      );
      const env = { MAX_STREAMS_PER_CALLER: '2' };
      await using server = await serverHolding(gateway, { ids: ['1', '2', '3'], env });
      const client = connect(server);
      const open = [
        client.open({ ...QUESTION, contextId: '1' }),
        client.open({ ...QUESTION, contextId: '2' }),
      ];
      for (const results of open) await results.next();
      const { errors } = await collect(client.open({ ...QUESTION, contextId: '3' }));
      expect(errors[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryable: true });
      await open[0]?.return?.();
      const freed = client.open({ ...QUESTION, contextId: '3' });
      let result = await freed.next();
      // The server hears of the end a moment later than the client that ended it.
      for (let tries = 0; result.value?.errors && tries < 100; tries++) {
        result = await client.open({ ...QUESTION, contextId: '3' }).next();
      }
      expect(result.value?.data?.chatStream.content).toBe('a');
      client.close();
    });
  });
});
