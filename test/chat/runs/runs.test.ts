import { describeThroughEachApi } from '../../support/apis.js';
import { beginStream, CHAT_ANSWER, chunk, DONE, STREAM, USAGE } from '../../support/chat-answers.js';
import { eventually } from '../../support/eventually.js';
import { allOf, RESUME, RUN, RUN_TRANSPORTS, RUNS, START, STOP, textOf } from '../../support/runs.js';
import { NOON, TestServer } from '../../support/server.js';
import { CREATED, json, StandIn } from '../../support/stand-in.js';
import { bearer, JWT } from '../../support/tokens.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const QUESTION = { contextId: CREATED.id, messages: [{ role: 'USER', content: 'hello' }] };

type SlowGateway = Awaited<ReturnType<typeof slowGateway>>;

/** A gateway whose streams begin with 'Hi ' and go on as a test says. */
async function slowGateway(mode = 'session') {
  const open: { say: (text: string) => void; end: () => void; isAborted: boolean }[] = [];
  const standIn = await StandIn.start((response, _, { path, body }) => {
    if (path === '/v1/context/create') return json(response, 200, { ...CREATED, mode });
    if (!JSON.parse(body).stream) return json(response, 200, CHAT_ANSWER);
    const say = (content: string) => void response.write(chunk({ content }));
    const stream = { say, end: () => void response.end(chunk({}, 'stop') + USAGE + DONE), isAborted: false };
    response.on('close', () => {
      stream.isAborted = !response.writableFinished;
    });
    beginStream(response);
    say('Hi ');
    open.push(stream);
  });
  return { standIn, open, [Symbol.asyncDispose]: () => standIn[Symbol.asyncDispose]() };
}

async function serverWithContext(
  gateway: StandIn | SlowGateway,
  env = {},
  headers = {},
): Promise<TestServer> {
  const server = await TestServer.before(gateway instanceof StandIn ? gateway : gateway.standIn, env);
  const input = { model: 'm', messages: [{ content: 'persona' }] };
  const { errors } = await server.query(CREATE, { input }, headers);
  expect(errors).toEqual([]);
  return server;
}

async function runOf(server: TestServer, id: unknown, headers = {}) {
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  const { data, errors } = await server.query<any>(RUN, { id }, headers);
  expect(errors).toEqual([]);
  return data.chatRun;
}

describeThroughEachApi('runs', (api) => {
  describe.each(RUN_TRANSPORTS)('a chat that goes on, over %s', (_, connect) => {
    it('begins with the id of its run, numbers its deltas, and ends like any stream', async () => {
      await using gateway = await StandIn.start((response, _request, { path }) =>
        path === '/v1/context/create' ? json(response, 200, CREATED) : void beginStream(response).end(STREAM),
      );
      await using server = await serverWithContext(gateway);
      const client = connect(server);
      const [started, ...events] = await allOf(client.start(QUESTION));
      client.close();
      expect(started).toEqual({ __typename: 'ChatStarted', runId: expect.any(String) });
      expect(events.at(-1)).toMatchObject({ __typename: 'ChatDone', context: { id: CREATED.id } });
      expect(textOf(events)).toBe('Hi 您好😀');
      const seqs = events.slice(0, -1).map(({ seq }) => Number(seq));
      expect(seqs).toEqual([...new Set(seqs)].sort((one, other) => one - other));
      expect(await runOf(server, started?.runId)).toMatchObject({
        status: 'DONE',
        model: 'm',
        context: { id: CREATED.id },
        usage: { promptTokens: 20 },
        endedAt: new Date(NOON).toISOString(),
        choices: [{ index: 0, message: { content: 'Hi 您好😀' }, finishReason: 'STOP' }],
        failure: null,
      });
    });

    it('goes on when its viewer leaves, and shows another what came since, what comes, and the end', async () => {
      await using gateway = await slowGateway();
      await using server = await serverWithContext(gateway);
      const first = connect(server);
      const stream = first.start(QUESTION);
      const { value: started } = await stream.next();
      const { value: delta } = await stream.next();
      expect(delta).toMatchObject({ content: 'Hi ', seq: 1 });
      first.close();
      gateway.open[0]?.say('there');
      gateway.open[0]?.say(', you');
      await eventually(
        async () => (await runOf(server, started?.runId)).choices[0].message.content === 'Hi there, you',
      );
      const second = connect(server);
      const resumed = second.resume(String(started?.runId), 1);
      expect((await resumed.next()).value).toMatchObject({ content: 'there, you', seq: 3 });
      gateway.open[0]?.say('!');
      expect((await resumed.next()).value).toMatchObject({ content: '!', seq: 4 });
      gateway.open[0]?.end();
      const rest = await allOf(resumed);
      expect(rest.at(-1)).toMatchObject({ __typename: 'ChatDone' });
      // Over again, from anywhere, and from the end.
      const again = await allOf(second.resume(String(started?.runId)));
      expect(textOf(again)).toBe('Hi there, you!');
      const last = Number(again.at(-2)?.seq);
      expect(await allOf(second.resume(String(started?.runId), last))).toEqual([rest.at(-1)]);
      second.close();
      expect(gateway.standIn.seen.filter(({ path }) => path.endsWith('/completions'))).toHaveLength(1);
    });

    it('loses and repeats nothing for a viewer who is cut off after any event, again and again', async () => {
      const words = Array.from({ length: 12 }, (_one, word) => `w${word} `);
      const recorded = [...words.map((content) => chunk({ content })), chunk({}, 'stop'), USAGE, DONE].join(
        '',
      );
      await using gateway = await StandIn.start((response, _request, { path }) =>
        path === '/v1/context/create'
          ? json(response, 200, CREATED)
          : void beginStream(response).end(recorded),
      );
      await using server = await serverWithContext(gateway);
      const client = connect(server);
      for (let cut = 1; cut <= 4; cut++) {
        const text: unknown[] = [];
        let position = { runId: '', seq: 0 };
        for (let isOver = false; !isOver; ) {
          const stream = position.runId
            ? client.resume(position.runId, position.seq)
            : client.start(QUESTION);
          for (let seen = 0; seen < cut && !isOver; seen++) {
            const { value: event } = await stream.next();
            position = {
              runId: String(event?.runId ?? position.runId),
              seq: Number(event?.seq ?? position.seq),
            };
            text.push(event?.content ?? '');
            isOver = event?.__typename === 'ChatDone';
          }
          await stream.return?.();
        }
        expect([cut, text.join('')]).toEqual([cut, words.join('')]);
      }
      client.close();
    });

    it('has any number of viewers, of whom a slow one slows nobody', async () => {
      await using gateway = await slowGateway();
      await using server = await serverWithContext(gateway);
      const client = connect(server);
      const slow = client.start(QUESTION);
      const { value: started } = await slow.next();
      const viewers = Array.from({ length: 20 }, () => allOf(client.resume(String(started?.runId))));
      await eventually(() => gateway.open.length === 1);
      for (let word = 0; word < 100; word++) gateway.open[0]?.say(`${word} `);
      gateway.open[0]?.end();
      const wanted = `Hi ${Array.from({ length: 100 }, (_one, word) => `${word} `).join('')}`;
      for (const events of await Promise.all(viewers)) expect(textOf(events)).toBe(wanted);
      expect(textOf(await allOf(slow))).toBe(wanted);
      client.close();
    });

    it('is stopped at once, with what came, and its viewers get their end', async () => {
      await using gateway = await slowGateway();
      await using server = await serverWithContext(gateway);
      const client = connect(server);
      const stream = client.start(QUESTION);
      const { value: started } = await stream.next();
      await stream.next();
      const { data } = await server.query(STOP, { id: started?.runId });
      expect(data).toEqual({
        stopChat: {
          id: started?.runId,
          status: 'STOPPED',
          choices: [{ message: { content: 'Hi ' } }],
          failure: { code: 'CANCELLED' },
        },
      });
      await eventually(() => gateway.open[0]?.isAborted === true);
      const [end] = await allOf(stream);
      expect(end).toMatchObject({ __typename: 'ChatFailure', code: 'CANCELLED', retryable: false });
      const warning = 'The gateway may have added this turn to the session';
      expect(String(end?.message).includes(warning)).toBe(api.hasSessions);
      // The gateway has not reported any usage.
      expect(await runOf(server, started?.runId)).toMatchObject({ status: 'STOPPED', usage: null });
      // Over, it stays as it is.
      expect((await server.query(STOP, { id: started?.runId })).data).toEqual(data);
      client.close();
    });

    it('is joined by a request with the same idempotency key, and refused with another input', async () => {
      await using gateway = await slowGateway();
      await using server = await serverWithContext(gateway);
      const client = connect(server);
      const keyed = { ...QUESTION, idempotencyKey: 'one' };
      const first = client.start(keyed);
      const { value: started } = await first.next();
      const second = allOf(client.start(keyed));
      await eventually(() => gateway.open.length === 1);
      gateway.open[0]?.end();
      const [joined, ...events] = await second;
      expect(joined).toEqual(started);
      expect(textOf(events)).toBe('Hi ');
      expect(textOf(await allOf(client.start(keyed)))).toBe('Hi ');
      const other = allOf(client.start({ ...keyed, messages: [{ content: 'another' }] }));
      await expect(other).rejects.toMatchObject({ extensions: { code: 'IDEMPOTENCY_CONFLICT' } });
      expect(gateway.open).toHaveLength(1);
      client.close();
    });

    it('is found by its caller alone', async () => {
      await using gateway = await slowGateway();
      const [alice, bob] = [bearer('alice'), bearer('bob')];
      await using server = await serverWithContext(gateway, JWT, alice);
      const [hers, his] = [connect(server, alice.authorization), connect(server, bob.authorization)];
      const stream = hers.start(QUESTION);
      const { value: started } = await stream.next();
      for (const query of [RUN, STOP]) {
        const { errors } = await server.query(query, { id: started?.runId }, bob);
        expect(errors[0]?.extensions.code).toBe('RUN_NOT_FOUND');
      }
      await expect(allOf(his.resume(String(started?.runId)))).rejects.toMatchObject({
        extensions: { code: 'RUN_NOT_FOUND' },
      });
      expect((await server.query(RUNS, {}, bob)).data).toEqual({ chatRuns: [] });
      expect((await server.query(RUNS, {}, alice)).data).toEqual({
        chatRuns: [{ id: started?.runId, status: 'RUNNING' }],
      });
      await server.query(STOP, { id: started?.runId }, alice);
      hers.close();
      his.close();
    });

    it('fails before it begins like any stream', async () => {
      await using gateway = await slowGateway();
      await using server = await serverWithContext(gateway);
      const client = connect(server);
      const unknown = allOf(client.start({ ...QUESTION, contextId: 'unknown' }));
      await expect(unknown).rejects.toMatchObject({ extensions: { code: 'CONTEXT_NOT_FOUND' } });
      expect((await server.query(RUNS)).data).toEqual({ chatRuns: [] });
      client.close();
    });

    it('fails with a ChatFailure once it has begun', async () => {
      await using gateway = await StandIn.start((response, _request, { path }) =>
        path === '/v1/context/create'
          ? json(response, 200, CREATED)
          : json(response, 429, { error: { message: 'no' } }, { 'retry-after': '9' }),
      );
      await using server = await serverWithContext(gateway);
      const client = connect(server);
      const [started, ...events] = await allOf(client.start(QUESTION));
      expect(events).toMatchObject([{ __typename: 'ChatFailure', code: 'RATE_LIMITED', retryable: true }]);
      expect(await runOf(server, started?.runId)).toMatchObject({
        status: 'FAILED',
        choices: [],
        failure: { code: 'RATE_LIMITED' },
      });
      client.close();
    });
  });

  describe('a run', () => {
    const connect = RUN_TRANSPORTS[0]?.[1] as (typeof RUN_TRANSPORTS)[number][1];

    it('is kept for RUN_KEPT_SECONDS after its end, and then gone without a trace', async () => {
      await using gateway = await slowGateway();
      await using server = await serverWithContext(gateway, { RUN_KEPT_SECONDS: '60' });
      const client = connect(server);
      const stream = client.start(QUESTION);
      const { value: started } = await stream.next();
      await eventually(() => gateway.open.length === 1);
      gateway.open[0]?.end();
      await allOf(stream);
      server.clock = () => NOON + 59_999;
      expect(await runOf(server, started?.runId)).toMatchObject({ status: 'DONE' });
      server.clock = () => NOON + 60_000;
      const { errors } = await server.query(RUN, { id: started?.runId });
      expect(errors[0]?.extensions.code).toBe('RUN_NOT_FOUND');
      expect((await server.query(RUNS)).data).toEqual({ chatRuns: [] });
      client.close();
    });

    it('fails once its text is larger than RUN_MAX_BYTES', async () => {
      await using gateway = await slowGateway();
      await using server = await serverWithContext(gateway, { RUN_MAX_BYTES: '1024' });
      const client = connect(server);
      const stream = client.start(QUESTION);
      const { value: started } = await stream.next();
      await eventually(() => gateway.open.length === 1);
      gateway.open[0]?.say('您'.repeat(400));
      const events = await allOf(stream);
      expect(events.at(-1)).toMatchObject({ __typename: 'ChatFailure', code: 'GATEWAY_BAD_RESPONSE' });
      expect(await runOf(server, started?.runId)).toMatchObject({ status: 'FAILED' });
      await eventually(() => gateway.open[0]?.isAborted === true);
      client.close();
    });

    it('that nobody watches is stopped after RUN_UNWATCHED_SECONDS', async () => {
      await using gateway = await slowGateway();
      await using server = await serverWithContext(gateway, { RUN_UNWATCHED_SECONDS: '1' });
      const client = connect(server);
      const stream = client.start(QUESTION);
      const { value: started } = await stream.next();
      await stream.next();
      server.clock = () => NOON + 60_000;
      // Watched, it goes on.
      expect(await runOf(server, started?.runId)).toMatchObject({ status: 'RUNNING' });
      client.close();
      let time = NOON + 120_000;
      await eventually(async () => {
        time += 2_000;
        server.clock = () => time;
        return (await runOf(server, started?.runId)).status === 'STOPPED';
      });
      expect((await runOf(server, started?.runId)).failure.message).toContain('nobody watched it');
    });

    it('counts among its caller’s streams', async () => {
      await using gateway = await slowGateway('common_prefix');
      await using server = await serverWithContext(gateway, { MAX_STREAMS_PER_CALLER: '1' });
      const client = connect(server);
      const stream = client.start(QUESTION);
      const { value: started } = await stream.next();
      client.close();
      const other = connect(server);
      await expect(allOf(other.start(QUESTION))).rejects.toMatchObject({
        extensions: { code: 'RATE_LIMITED' },
      });
      await server.query(STOP, { id: started?.runId });
      await eventually(async () => (await other.start(QUESTION).next()).value?.__typename === 'ChatStarted');
      other.close();
    });

    it('is refused where the operator wants none', async () => {
      await using gateway = await slowGateway();
      await using server = await serverWithContext(gateway, { RUNS: 'off' });
      const client = connect(server);
      await expect(allOf(client.start(QUESTION))).rejects.toMatchObject({
        extensions: { code: 'BAD_USER_INPUT', fields: [{ path: ['input', 'onDisconnect'] }] },
      });
      client.close();
    });

    it('is interrupted when its server shuts down, and its viewers are told', async () => {
      await using gateway = await slowGateway();
      const server = await serverWithContext(gateway);
      const client = connect(server);
      const stream = client.start(QUESTION);
      await stream.next();
      await stream.next();
      await server[Symbol.asyncDispose]();
      const events = await allOf(stream);
      expect(events.at(-1)).toMatchObject({ __typename: 'ChatFailure', retryable: true });
      await eventually(() => gateway.open[0]?.isAborted === true);
    });
  });
});

describe('server-sent events of a run', () => {
  const post = (server: TestServer, body: object, headers: Record<string, string> = {}) =>
    fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
      body: JSON.stringify(body),
    });
  const started = { query: START, variables: { input: { ...QUESTION, onDisconnect: 'CONTINUE' } } };

  /** The complete events in what was received. */
  function eventsIn(text: string) {
    return text
      .split('\n\n')
      .slice(0, -1)
      .filter((event) => event.startsWith('event: next'))
      .map((event) => ({
        id: /^id: (.*)$/m.exec(event)?.[1],
        event: Object.values(JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? '').data)[0] as Record<
          string,
          string
        >,
      }));
  }

  /** In bytes: around the end of each line, and in its middle. */
  function cutsOf(stream: string): number[] {
    const cuts = new Set([0]);
    let start = 0;
    for (const line of stream.split('\n')) {
      const end = start + Buffer.byteLength(line);
      for (const cut of [(start + end) >> 1, end - 1, end, end + 1]) cuts.add(cut);
      start = end + 1;
    }
    return [...cuts].filter((cut) => cut >= 0 && cut <= Buffer.byteLength(stream));
  }

  it('lose and repeat nothing, wherever the connection is cut', async () => {
    await using gateway = await StandIn.start((response, _request, { path }) =>
      path === '/v1/context/create' ? json(response, 200, CREATED) : void beginStream(response).end(STREAM),
    );
    await using server = await serverWithContext(gateway);
    const whole = await (await post(server, started)).text();
    const cuts = cutsOf(whole);
    for (const cut of cuts) {
      const bytes = Buffer.from(await (await post(server, started)).arrayBuffer()).subarray(0, cut);
      const seen = eventsIn(bytes.toString('utf8'));
      const last = seen.at(-1)?.id;
      // Cut before the id of the run came, there is nothing to resume.
      if (last === undefined) continue;
      const rest = eventsIn(await (await post(server, started, { 'last-event-id': last })).text());
      const texts = [...seen, ...rest].map(({ event }) => event.content ?? '');
      expect([cut, texts.join('')]).toEqual([cut, 'Hi 您好😀']);
    }
    const chats = gateway.seen.filter(({ path }) => path.endsWith('/completions'));
    expect(chats).toHaveLength(cuts.length + 1);
  });

  it('are listed with their texts up to 4 MiB together, and all of them without', async () => {
    const text = '您'.repeat(262_144);
    const answer = `${chunk({ content: text }, 'stop')}${USAGE}${DONE}`;
    await using gateway = await StandIn.start((response, _request, { path }) =>
      path === '/v1/context/create'
        ? json(response, 200, { ...CREATED, mode: 'common_prefix' })
        : void beginStream(response).end(answer),
    );
    await using server = await serverWithContext(gateway);
    const all = 'choices { message { content } }';
    const ofFragment = 'fragment Text on ChatRun { ... on ChatRun { choices { message { content } } } }';
    for (let count = 1; count <= 7; count++) {
      const events = eventsIn(await (await post(server, started)).text());
      expect(events.map(({ event }) => event.content ?? '').join('')).toBe(text);
      // 768 KiB each.
      const listed = Math.min(count, 5);
      const { data } = await server.query<{ chatRuns: object[] }>(`{ chatRuns { id ${all} } }`);
      expect(data.chatRuns).toEqual(
        Array(listed).fill({ id: expect.any(String), choices: [{ message: { content: text } }] }),
      );
    }
    const inFragment = await server.query<{ chatRuns: object[] }>(`{ chatRuns { ...Text } } ${ofFragment}`);
    expect(inFragment.data.chatRuns).toHaveLength(5);
    const { data } = await server.query<{ chatRuns: object[] }>(RUNS);
    expect(data.chatRuns).toHaveLength(7);
  });

  it('have ids for the streams that go on alone', async () => {
    await using gateway = await StandIn.start((response, _request, { path }) =>
      path === '/v1/context/create' ? json(response, 200, CREATED) : void beginStream(response).end(STREAM),
    );
    await using server = await serverWithContext(gateway);
    const cancelled = { query: START, variables: { input: QUESTION } };
    expect(await (await post(server, cancelled)).text()).not.toMatch(/^id:/m);
    const events = eventsIn(await (await post(server, started)).text());
    const runId = events[0]?.event.runId ?? '';
    expect(events.map(({ id }) => id?.slice(0, runId.length + 1))).toEqual(events.map(() => `${runId}:`));
    const resumed = { query: RESUME, variables: { runId, after: 0 } };
    const seen = events.find(({ event }) => event.content === 'Hi ')?.id ?? '';
    const again = eventsIn(await (await post(server, resumed, { 'last-event-id': seen })).text());
    expect(again[0]?.event.content).toBe('您好😀');
  });
});
