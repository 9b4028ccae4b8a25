import { beginStream, CHAT_ANSWER, STREAM } from '../support/chat-answers.js';
import { hold } from '../support/holding.js';
import { NOON, TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { collect, QUESTION, TRANSPORTS } from '../support/streams.js';
import { bearer, JWT } from '../support/tokens.js';

const CREATE = 'mutation Make($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation Ask($input: ChatInput!) { chat(input: $input) { id } }';
const CANARY = 'canary-7f3a';

/** A gateway that knows one context and repeats in its errors whatever it was sent. */
function echoingGateway() {
  return StandIn.start((response, _, { path, body, headers }) => {
    if (path === '/v1/context/create') return json(response, 200, CREATED);
    if (body.includes('please fail')) {
      const message = `${headers.authorization} sent ${body}`;
      return json(response, 500, { error: { code: message, message } });
    }
    if (body.includes('"stream":true')) return void beginStream(response).end(STREAM);
    json(response, 200, CHAT_ANSWER);
  });
}

async function metricsOf(server: TestServer): Promise<string> {
  return (await fetch(`${server.origin}/metrics`)).text();
}

describe('the log', () => {
  it('has a line for each operation: who, what, how long, what the gateway said and what it cost', async () => {
    await using gateway = await echoingGateway();
    await using server = await TestServer.before(gateway, JWT);
    await hold(server, gateway, { ids: [QUESTION.contextId] }, bearer('alice'));
    server.log.length = 0;
    const { headers } = await server.query(CHAT, { input: QUESTION }, bearer('alice'));
    expect(server.log.map((line) => JSON.parse(line))).toEqual([
      {
        level: 30,
        time: expect.any(Number),
        pid: process.pid,
        hostname: expect.any(String),
        msg: 'operation',
        requestId: headers.get('x-request-id'),
        caller: expect.stringMatching(/^[\w-]{43}$/),
        operation: 'Ask',
        kind: 'mutation',
        fields: ['chat'],
        durationMs: expect.any(Number),
        gateway: [200],
        tokens: { promptTokens: 20, cachedTokens: 8, completionTokens: 3 },
      },
    ]);
  });

  it('has the codes of what failed, of streams as well', async () => {
    await using gateway = await echoingGateway();
    await using server = await TestServer.before(gateway, JWT);
    await hold(server, gateway, {}, bearer('alice'));
    server.log.length = 0;
    const failing = { ...QUESTION, messages: [{ content: 'please fail' }] };
    await server.query(CHAT, { input: failing }, bearer('alice'));
    const client = TRANSPORTS[0]?.[1](server, bearer('alice').authorization);
    await collect(client?.open(failing) as never);
    client?.close();
    const lines = server.log.map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { fields: ['chat'], gateway: [500], codes: ['GATEWAY_UNAVAILABLE'] },
      { fields: ['chatStream'], gateway: [500], codes: ['GATEWAY_UNAVAILABLE'] },
    ]);
  });
});

describe('the metrics', () => {
  it('count operations, calls, tokens and what the cache served', async () => {
    await using gateway = await echoingGateway();
    await using server = await TestServer.before(gateway);
    await hold(server, gateway);
    await server.query(CHAT, { input: QUESTION });
    await server.query(CHAT, { input: { ...QUESTION, messages: [{ content: 'please fail' }] } });
    const metrics = await metricsOf(server);
    for (const line of [
      'context_cache_operation_duration_seconds_count{field="chat",code="OK"} 1',
      'context_cache_operation_duration_seconds_count{field="chat",code="GATEWAY_UNAVAILABLE"} 1',
      'context_cache_gateway_call_duration_seconds_count{operation="createContext",status="200",outcome="OK"} 1',
      'context_cache_gateway_call_duration_seconds_count{operation="chat",status="500",outcome="GATEWAY_UNAVAILABLE"} 1',
      'context_cache_tokens_total{kind="prompt",model="Doubao-1.5-pro-32k"} 20',
      'context_cache_tokens_total{kind="cached",model="Doubao-1.5-pro-32k"} 8',
      'context_cache_tokens_total{kind="completion",model="Doubao-1.5-pro-32k"} 3',
      'context_cache_cache_hit_ratio 0.4',
      'context_cache_gateway_breaker_state 0',
      'context_cache_operations_in_flight 0',
      'context_cache_store_duration_seconds_count{method="create",outcome="ok"} 1',
    ]) {
      expect(metrics).toContain(line);
    }
  });

  it('count what was sent again, what was refused, and what the circuit breaker does', async () => {
    await using gateway = await StandIn.start((response) => json(response, 503, {}));
    await using server = await TestServer.before(gateway);
    const lines = async (...wanted: string[]) => {
      const metrics = await metricsOf(server);
      for (const line of wanted) expect(metrics).toContain(`context_cache_${line}\n`);
    };
    await server.query(CREATE, { input: { model: 'm', messages: [{ content: 'a' }] } });
    await server.query('{ nothing }');
    await server.query('{ ...all } fragment all on Query { models { id } }');
    await lines(
      'gateway_retries_total{operation="createContext"} 2',
      'operation_duration_seconds_count{field="createContext",code="GATEWAY_UNAVAILABLE"} 1',
      'operation_duration_seconds_count{field="refused",code="BAD_USER_INPUT"} 1',
      'operation_duration_seconds_count{field="fragment",code="GATEWAY_UNAVAILABLE"} 1',
      'gateway_breaker_state 0',
    );
    gateway.answer = (response) => json(response, 500, {});
    for (let call = 0; call < 10; call++) await server.query('{ models { id } }');
    await lines('gateway_breaker_state 1');
    server.clock = () => NOON + 3_000;
    await lines('gateway_breaker_state 0.5');
  });

  it('are for everyone on a loopback address, elsewhere for who has METRICS_TOKEN', async () => {
    const status = async (env: Record<string, string>, headers = {}) => {
      await using server = await TestServer.start(env);
      const { port } = new URL(server.url);
      return (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).status;
    };
    const everywhere = { HOST: '0.0.0.0', AUTH_MODE: 'passthrough' };
    const METRICS_TOKEN = 'a-token';
    expect(await status({})).toBe(200);
    expect(await status(everywhere)).toBe(404);
    for (const env of [{ METRICS_TOKEN }, { ...everywhere, METRICS_TOKEN }]) {
      expect(await status(env)).toBe(401);
      expect(await status(env, { authorization: 'Bearer another' })).toBe(401);
      expect(await status(env, { authorization: `Bearer ${METRICS_TOKEN}` })).toBe(200);
    }
  });

  it('tell of streams while they are open', async () => {
    await using gateway = await StandIn.start((response) => void beginStream(response));
    await using server = await TestServer.before(gateway);
    await hold(server, gateway);
    const client = TRANSPORTS[0]?.[1](server);
    const stream = client?.open();
    void stream?.next();
    while (gateway.seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await metricsOf(server)).toMatch(
      /context_cache_streams_open 1\ncontext_cache_|context_cache_streams_open 1\n/,
    );
    client?.close();
  });
});

describe('traces', () => {
  it('go to where OpenTelemetry’s variables say, and hold no text that anyone sent', async () => {
    const { OTEL_EXPORTER_OTLP_ENDPOINT: before } = process.env;
    await using collector = await StandIn.start((response) => json(response, 200, {}));
    await using gateway = await echoingGateway();
    const { origin } = new URL(collector.url);
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = origin;
    try {
      const server = await TestServer.before(gateway, { OTEL_EXPORTER_OTLP_ENDPOINT: origin });
      await hold(server, gateway);
      await server.query(CHAT, { input: { ...QUESTION, messages: [{ content: CANARY }] } });
      await server[Symbol.asyncDispose]();
    } finally {
      if (before === undefined) delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
      else process.env.OTEL_EXPORTER_OTLP_ENDPOINT = before;
    }
    expect(collector.seen[0]?.path).toBe('/v1/traces');
    const sent = collector.seen.map(({ body }) => body).join();
    const spans = collector.seen.flatMap(({ body }) =>
      JSON.parse(body).resourceSpans.flatMap(
        ({ scopeSpans }: { scopeSpans: { spans: Record<string, unknown>[] }[] }) =>
          scopeSpans.flatMap((scope) => scope.spans),
      ),
    );
    const chat = spans.find(({ name }) => name === 'mutation chat');
    const call = spans.find(({ name }) => name === 'gateway chat');
    expect(call).toMatchObject({ parentSpanId: chat?.spanId, traceId: chat?.traceId });
    expect(sent).not.toContain(CANARY);
  });
});
