import { once } from 'node:events';
import { connect } from 'node:net';
import WebSocket from 'ws';
import { beginStream, CHAT_ANSWER, chunk, DONE, USAGE } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { packagesLoaded } from '../support/loaded-packages.js';
import { describeWith, REDIS } from '../support/programs.js';
import { PromptFiles, promptFile } from '../support/prompts.js';
import { RedisServer } from '../support/redis.js';
import { ServerProcess } from '../support/server-process.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';
import { CHAT_STREAM, collect, TRANSPORTS } from '../support/streams.js';
import { JWT, signToken } from '../support/tokens.js';

/** In everything that is secret or that somebody wrote. */
const CANARY = 'canary-5d1e';
const KEY = `sk-${CANARY}-server-key`;
const ANSWER = `${CANARY}-answer`;
const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT =
  'mutation ($input: ChatInput!) { chat(input: $input) { choices { message { content } } context { id } } }';

/** Ways in which the gateway fails a chat; each repeats all that it was sent where it can. */
const FAILURES = ['400', '401', '403', '404', '429', '500', 'page', 'junk', 'cut', 'late'] as const;

/** Does what a chat asks for in its words, and repeats whatever it was sent. */
function echoingGateway() {
  let created = 0;
  return StandIn.start((response, _, { path, body, headers }) => {
    const key = headers.authorization?.slice('Bearer '.length) ?? '';
    const all = `${key} ${body}`;
    const sent = path === '/v1/models' ? {} : JSON.parse(body);
    const wish = /fail:(\w+)/.exec(body)?.[1];
    const said = { error: { code: all, type: all, param: all, message: all } };
    if (wish === 'page') return json(response, 502, `<html>${all}`, { 'content-type': 'text/html' });
    if (wish === 'junk') return json(response, 200, all);
    if (wish === 'cut') return void response.writeHead(200).write(all, () => response.destroy());
    if (wish && wish !== 'late') {
      return json(response, Number(wish), said, { 'x-request-id': key, 'retry-after': '9' });
    }
    if (path === '/v1/models') return json(response, 200, { data: [{ id: 'm' }] });
    if (path === '/v1/context/create') {
      return json(response, 200, { ...CREATED, id: `ctx-${++created}`, mode: sent.mode ?? 'session' });
    }
    if (sent.stream) {
      beginStream(response).write(chunk({ content: ANSWER }));
      return response.end(
        wish === 'late' ? `data: ${JSON.stringify(said)}\n\n` : chunk({}, 'stop') + USAGE + DONE,
      );
    }
    const choices = [{ index: 0, message: { content: ANSWER }, finish_reason: 'stop' }];
    json(response, 200, { ...CHAT_ANSWER, choices });
  });
}

/** The failures that quote what was sent in different ways. */
const PROMPT_WISHES = ['', 'fail:400', 'fail:500', 'fail:junk', 'fail:late'];

/** By file. The gateway refuses to create the context of one, and repeats its text. */
const PROMPTS = {
  'support.md': promptFile({}, `${CANARY}-prompt operator`),
  'refused.md': promptFile({}, `${CANARY}-prompt refused fail:400`),
};

/** One caller's way through everything; what was told to it in errors. */
async function walk(server: ServerProcess, authorization: string, otherIds: string[] = []) {
  const headers = { authorization };
  const errors: unknown[] = [];
  const answers: string[] = [];
  const ask = async (query: string, variables: object = {}) => {
    const { data, errors: found = [] } = await server.ask(query, variables, headers);
    errors.push(...found);
    answers.push(JSON.stringify(data ?? null));
    return data;
  };
  const words = (text: string) => [{ role: 'USER', content: `${CANARY}-prompt ${text}` }];
  const persona = { model: 'm', messages: words('persona'), idempotencyKey: `${CANARY}-key` };
  const ids: string[] = [];
  for (const mode of ['SESSION', 'COMMON_PREFIX']) {
    const input = { ...persona, mode, idempotencyKey: `${CANARY}-${mode}` };
    ids.push((await ask(CREATE, { input })).createContext.id);
    await ask(CREATE, { input });
    await ask(CREATE, { input: { ...input, ttl: 3600 } });
  }
  await ask(CREATE, { input: { ...persona, ttl: 1, idempotencyKey: `${CANARY}\0` } });
  await ask(CREATE, { input: { ...persona, [CANARY]: CANARY } });
  await ask(`mutation { createContext(input: {model: "${CANARY}", messages: "${CANARY}"}) { id } }`);
  await ask(`{ "${CANARY}" }`);
  await ask(`query { ${CANARY.replace('-', '_')} }`);
  await ask('{ models { id } contexts { edges { node { id } } } cacheReport { contexts } }');
  const wishes = ['', ...FAILURES.map((failure) => `fail:${failure}`)];
  for (const contextId of [...ids, ...otherIds, CANARY]) {
    for (const wish of wishes) await ask(CHAT, { input: { contextId, model: 'm', messages: words(wish) } });
  }
  await ask('{ prompts { name title description model version cache { state } totals { chats } } }');
  for (const prompt of Object.keys(PROMPTS).map((file) => file.replace('.md', ''))) {
    for (const wish of PROMPT_WISHES) await ask(CHAT, { input: { prompt, messages: words(wish) } });
    await ask(CHAT, { input: { prompt, model: CANARY, messages: [{ role: 'SYSTEM', content: CANARY }] } });
  }
  await ask(CHAT, { input: { prompt: CANARY, messages: words('') } });
  for (const [, open] of TRANSPORTS) {
    const client = open(server, authorization);
    for (const wish of wishes) {
      const { events, errors: found } = await collect(
        client.open({ prompt: 'refused', messages: words(wish) }),
      );
      errors.push(...found, ...events.filter(({ __typename }) => __typename === 'ChatFailure'));
    }
    for (const wish of wishes) {
      // A session is gone once the gateway says 404.
      const input = { contextId: ids[1], model: 'm', messages: words(wish), stop: [CANARY] };
      const { events, errors: found } = await collect(client.open(input));
      errors.push(...found, ...events.filter(({ __typename }) => __typename === 'ChatFailure'));
      answers.push(JSON.stringify(events.filter(({ __typename }) => __typename !== 'ChatFailure')));
    }
    errors.push(...(await collect(client.open({ contextId: CANARY, messages: words('') }))).errors);
    client.close();
  }
  return { ids, errors, answers };
}

/** What is no operation: bodies, paths, headers and messages that hold a canary. */
async function knock(server: ServerProcess): Promise<string[]> {
  const said: string[] = [];
  const post = async (body: string, type = 'application/json') => {
    const headers = { 'content-type': type, authorization: `Bearer ${CANARY}` };
    said.push(await (await fetch(server.url, { method: 'POST', headers, body })).text());
  };
  await post(`{"query": "${CANARY}`);
  await post(`{"query": "{ models { id } }", "variables": "${CANARY}"}`);
  await post(`{"query": "{ models { id } }", "operationName": "${CANARY}"}`);
  await post(`{"query": "${CANARY.repeat(200)}"}`);
  await post(CANARY, `text/${CANARY}`);
  const search = `query=${encodeURIComponent(`{ ${CANARY} }`)}&variables=${CANARY}`;
  for (const path of [`/${CANARY}`, `/graphql?${search}`, `/readyz?${CANARY}`, `/graphql/${CANARY}`]) {
    said.push(await (await fetch(server.origin + path, { headers: { cookie: CANARY } })).text());
  }
  const socket = new WebSocket(server.url.replace('http:', 'ws:'), 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${CANARY}` } }));
  await once(socket, 'message');
  const payload = { query: CHAT_STREAM, variables: { input: CANARY } };
  socket.send(JSON.stringify({ id: CANARY, type: 'subscribe', payload }));
  await once(socket, 'message');
  socket.send(`{"type":"${CANARY}"`);
  await once(socket, 'close');
  const plain = connect(Number(new URL(server.url).port), '127.0.0.1');
  plain.write(`${CANARY} / HTTP/9\r\n\r\n`);
  said.push(String((await once(plain, 'data'))[0]));
  plain.destroy();
  return said;
}

function token(sub: string): string {
  return signToken({ sub, exp: Math.floor(Date.now() / 1_000) + 3_600 });
}

const JWT_SECRET = JWT.AUTH_JWT_SECRET;
const alice = token(`${CANARY}-alice`);
const bob = token('bob');
/** By AUTH_MODE: what the server is told, and what two callers bring. */
const MODES: [string, Record<string, string>, string, string][] = [
  ['none', { GATEWAY_API_KEY: KEY }, 'Bearer nothing', 'Bearer nothing'],
  ['passthrough', {}, `Bearer sk-${CANARY}-alice`, 'Bearer sk-bob'],
  ['jwt', { GATEWAY_API_KEY: KEY, AUTH_JWT_SECRET: JWT_SECRET }, `Bearer ${alice}`, `Bearer ${bob}`],
];

describe.each(MODES)('with AUTH_MODE=%s', (mode, env, aliceBrings, bobBrings) => {
  it('no key, token, prompt or answer is in what is written, measured, traced or told to another', async () => {
    await using collector = await StandIn.start((response) => json(response, 200, {}));
    await using gateway = await echoingGateway();
    using prompts = new PromptFiles(PROMPTS);
    await using server = await ServerProcess.start({
      ...env,
      ...prompts.env,
      AUTH_MODE: mode,
      GATEWAY_URL: gateway.url,
      STORE_URL: 'sqlite::memory:',
      LOG_LEVEL: 'trace',
      OTEL_EXPORTER_OTLP_ENDPOINT: new URL(collector.url).origin,
      RATE_LIMIT_CHATS_PER_MINUTE: '0',
    });
    const walked = await walk(server, aliceBrings);
    // She gets her answers, whole and streamed.
    expect(walked.answers.filter((answer) => answer.includes(ANSWER)).length).toBeGreaterThan(3);
    const other = await walk(server, bobBrings, walked.ids);
    const errors = JSON.stringify([walked.errors, other.errors, await knock(server)]);
    const pages = await Promise.all(
      ['/metrics', '/readyz', '/healthz'].map(async (path) => (await fetch(server.origin + path)).text()),
    );
    server.child.kill('SIGTERM');
    expect(await server.exitCode()).toBe(0);

    const traces = collector.seen.map(({ body }) => body).join();
    const everything = [server.said, errors, pages.join(), traces];
    for (const text of everything) expect(text.match(new RegExp(`.{0,80}${CANARY}.{0,40}`, 'g'))).toBeNull();
    for (const secret of [alice, bob, JWT_SECRET, 'sk-bob']) {
      for (const text of everything) expect(text).not.toContain(secret);
    }
    // It was all there to be shown.
    expect(server.said.match(/"msg":"operation"/g)?.length).toBeGreaterThan(60);
    expect(walked.errors.length).toBeGreaterThan(20);
    expect(traces).toContain('gateway chat');
    const sent = JSON.stringify(gateway.seen);
    expect(sent).toContain(mode === 'passthrough' ? aliceBrings : KEY);
    for (const part of ['prompt', 'prompt persona', 'prompt operator', 'prompt refused'])
      expect(sent).toContain(`${CANARY}-${part}`);
  });
});

describeWith(REDIS)('the password of the store', () => {
  it('is not written where the store is, goes away, or refuses it', async () => {
    await using redis = await RedisServer.start();
    const storeUrl = `redis://:${CANARY}@127.0.0.1:${redis.port}`;
    await using server = await ServerProcess.start({ STORE_URL: storeUrl, LOG_LEVEL: 'trace' });
    await redis.stop();
    await server.untilReady(503);
    await eventually(() => server.said.includes('cannot be reached'));
    await server.ask(CREATE, { input: { model: 'm', messages: [{ content: 'a' }] } });
    server.child.kill('SIGTERM');
    expect(await server.exitCode()).toBe(0);
    expect(server.said).not.toContain(CANARY);
  });
});

describe('OpenTelemetry’s SDK', () => {
  it.each([
    ['is not even loaded where no endpoint is set', {}, false],
    ['is loaded where one is', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }, true],
  ])('%s', async (_, env, isLoaded) => {
    const loaded = await packagesLoaded(async (coverage) => {
      await using server = await ServerProcess.start({ STORE_URL: 'sqlite::memory:', ...env, ...coverage });
      await server.ask('{ models { id } }');
      server.child.kill('SIGTERM');
      // A collector that is not there does not hold up the end.
      expect(await server.exitCode()).toBe(0);
    });
    expect(loaded.includes('@opentelemetry/sdk-trace-base')).toBe(isLoaded);
  });
});
