import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContextCacheClient } from 'graphql-context-cache-client';
import WebSocket from 'ws';
import { beginStream, chunk, DONE, USAGE } from '../../support/chat-answers.js';
import { eventually } from '../../support/eventually.js';
import { expireLeases } from '../../support/expire-leases.js';
import { freePort } from '../../support/free-port.mjs';
import { describeWith, REDIS } from '../../support/programs.js';
import { RedisServer } from '../../support/redis.js';
import { allOf, RUN, RUN_TRANSPORTS, STOP, textOf } from '../../support/runs.js';
import { ServerProcess } from '../../support/server-process.js';
import { CREATED, json, StandIn } from '../../support/stand-in.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const QUESTION = { contextId: CREATED.id, messages: [{ role: 'USER', content: 'hello' }] };
const connect = RUN_TRANSPORTS[0]?.[1] as (typeof RUN_TRANSPORTS)[number][1];

async function slowGateway() {
  const open: { say: (text: string) => void; end: () => void; isAborted: boolean }[] = [];
  const standIn = await StandIn.start((response, _, { path }) => {
    if (path === '/v1/context/create') return json(response, 200, CREATED);
    const say = (content: string) => void response.write(chunk({ content }));
    const stream = { say, end: () => void response.end(chunk({}, 'stop') + USAGE + DONE), isAborted: false };
    response.on('close', () => {
      stream.isAborted = !response.writableFinished;
    });
    beginStream(response);
    say('Hi ');
    open.push(stream);
  });
  return { url: standIn.url, open, [Symbol.asyncDispose]: () => standIn[Symbol.asyncDispose]() };
}

function behaviours(storeUrl: () => string) {
  it('show a run of the other while it runs and after it has ended', async () => {
    await using gateway = await slowGateway();
    await using one = await ServerProcess.before(gateway, storeUrl());
    await using two = await ServerProcess.before(gateway, storeUrl());
    await one.ask(CREATE, { input: { model: 'm', messages: [{ content: 'persona' }] } });
    const [there, here] = [connect(one), connect(two)];
    const stream = there.start(QUESTION);
    const { value: started } = await stream.next();
    const viewer = here.resume(String(started?.runId));
    const first = (await viewer.next()).value;
    expect(first).toMatchObject({ content: 'Hi ', seq: 1 });
    gateway.open[0]?.say('there');
    expect((await viewer.next()).value).toMatchObject({ content: 'there', seq: 2 });
    gateway.open[0]?.say(' you');
    gateway.open[0]?.end();
    const rest = await allOf(viewer);
    expect(rest.at(-1)).toMatchObject({ __typename: 'ChatDone', context: { id: CREATED.id } });
    expect(textOf([...(first ? [first] : []), { __typename: '', content: 'there' }, ...rest])).toBe(
      'Hi there you',
    );
    await allOf(stream);
    expect(textOf(await allOf(here.resume(String(started?.runId))))).toBe('Hi there you');
    expect(textOf(await allOf(here.resume(String(started?.runId), 2)))).toBe(' you');
    const { data } = await two.ask('{ chatRuns { id status } }');
    expect(data.chatRuns).toEqual([{ id: started?.runId, status: 'DONE' }]);
    there.close();
    here.close();
  });

  it('let a viewer resume elsewhere when its own server is stopped, while the run goes on', async () => {
    await using gateway = await slowGateway();
    await using one = await ServerProcess.before(gateway, storeUrl());
    await one.ask(CREATE, { input: { model: 'm', messages: [{ content: 'persona' }] } });
    const there = connect(one);
    const stream = there.start(QUESTION);
    const runId = String((await stream.next()).value?.runId);
    await using leaving = await ServerProcess.before(gateway, storeUrl(), { SHUTDOWN_GRACE_MS: '0' });
    const clients = RUN_TRANSPORTS.map(([, open]) => open(leaving));
    const viewers = clients.map((client) => client.resume(runId));
    for (const viewer of viewers) expect((await viewer.next()).value).toMatchObject({ content: 'Hi ' });
    leaving.child.kill('SIGTERM');
    // As after any lost connection: no event, and no message that the stream is complete.
    for (const viewer of viewers) await expect(viewer.next()).rejects.toBeDefined();
    expect(await leaving.exitCode()).toBe(0);
    gateway.open[0]?.end();
    expect((await allOf(stream)).at(-1)).toMatchObject({ __typename: 'ChatDone' });
    for (const client of [there, ...clients]) client.close();
  });

  it('show the client of this package a run of the other across a restart', async () => {
    await using gateway = await slowGateway();
    await using one = await ServerProcess.before(gateway, storeUrl());
    await one.ask(CREATE, { input: { model: 'm', messages: [{ content: 'persona' }] } });
    const there = connect(one);
    const stream = there.start(QUESTION);
    const runId = String((await stream.next()).value?.runId);
    const env = { SHUTDOWN_GRACE_MS: '0', PORT: String(await freePort()) };
    await using before = await ServerProcess.before(gateway, storeUrl(), env);
    const answers = (['sse', 'websocket'] as const).map((transport) => {
      const client = createContextCacheClient({ url: before.url, transport, WebSocket: WebSocket as never });
      return client.resume(runId)[Symbol.asyncIterator]();
    });
    for (const answer of answers) expect((await answer.next()).value).toMatchObject({ content: 'Hi ' });
    before.child.kill('SIGTERM');
    expect(await before.exitCode()).toBe(0);
    await using _ = await ServerProcess.before(gateway, storeUrl(), env);
    gateway.open[0]?.say('there');
    gateway.open[0]?.end();
    for (const answer of answers) expect(textOf(await allOf(answer))).toBe('there');
    await allOf(stream);
    there.close();
  });

  it('stop a run of the other', async () => {
    await using gateway = await slowGateway();
    await using one = await ServerProcess.before(gateway, storeUrl());
    await using two = await ServerProcess.before(gateway, storeUrl());
    await one.ask(CREATE, { input: { model: 'm', messages: [{ content: 'persona' }] } });
    const client = connect(one);
    const stream = client.start(QUESTION);
    const { value: started } = await stream.next();
    await stream.next();
    const { data } = await two.ask(STOP, { id: started?.runId });
    expect(data.stopChat).toMatchObject({ status: 'STOPPED', choices: [{ message: { content: 'Hi ' } }] });
    await eventually(() => gateway.open[0]?.isAborted === true);
    expect((await allOf(stream)).at(-1)).toMatchObject({ __typename: 'ChatFailure', code: 'CANCELLED' });
    client.close();
  });

  it('show as interrupted what a killed one had, with what was written', async () => {
    await using gateway = await slowGateway();
    await using doomed = await ServerProcess.before(gateway, storeUrl());
    await using heir = await ServerProcess.before(gateway, storeUrl());
    await doomed.ask(CREATE, { input: { model: 'm', messages: [{ content: 'persona' }] } });
    const [there, here] = [connect(doomed), connect(heir)];
    const stream = there.start(QUESTION);
    const { value: started } = await stream.next();
    const viewer = here.resume(String(started?.runId));
    expect((await viewer.next()).value).toMatchObject({ content: 'Hi ' });
    await doomed.kill();
    await expireLeases(storeUrl());
    const [end] = await allOf(viewer);
    expect(end).toMatchObject({ __typename: 'ChatFailure', retryable: true });
    expect(end?.message).toContain('The gateway may have added this turn to the session');
    const { data } = await heir.ask(RUN, { id: started?.runId });
    expect(data.chatRun).toMatchObject({
      status: 'INTERRUPTED',
      usage: null,
      choices: [{ message: { content: 'Hi ' } }],
    });
    there.close();
    here.close();
  });
}

describe('two processes on one SQLite file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runs-'));
  let files = 0;
  behaviours(() => `sqlite:${join(folder, `${files}.db`)}`);
  afterEach(() => void files++);
  afterAll(() => rmSync(folder, { recursive: true }));
});

describeWith(REDIS)('two processes on one Redis', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await RedisServer.start();
  });
  afterEach(() => redis.stop());
  behaviours(() => redis.url);

  it('go on for viewers in another process while it is away for longer than leases last', async () => {
    await using gateway = await slowGateway();
    await using one = await ServerProcess.before(gateway, redis.url);
    await using two = await ServerProcess.before(gateway, redis.url);
    await one.ask(CREATE, { input: { model: 'm', messages: [{ content: 'persona' }] } });
    const [there, here] = [connect(one), connect(two)];
    const stream = there.start(QUESTION);
    const runId = String((await stream.next()).value?.runId);
    const viewer = here.resume(runId);
    expect((await viewer.next()).value).toMatchObject({ content: 'Hi ' });
    redis.pause();
    await eventually(async () => (await two.ready()) === 503);
    redis.goOn();
    await expireLeases(redis.url);
    gateway.open[0]?.say('there');
    expect((await viewer.next()).value).toMatchObject({ content: 'there' });
    gateway.open[0]?.end();
    expect((await allOf(viewer)).at(-1)).toMatchObject({ __typename: 'ChatDone' });
    await allOf(stream);
    there.close();
    here.close();
  });

  it('go on for the viewers of the process that has the run while it is down', async () => {
    await using gateway = await slowGateway();
    await using server = await ServerProcess.before(gateway, redis.url);
    await server.ask(CREATE, { input: { model: 'm', messages: [{ content: 'persona' }] } });
    const client = connect(server);
    const stream = client.start(QUESTION);
    await stream.next();
    await stream.next();
    await redis.stop();
    gateway.open[0]?.say('there');
    expect((await stream.next()).value).toMatchObject({ content: 'there' });
    await eventually(() => server.said.includes('a run cannot be stored'));
    gateway.open[0]?.end();
    expect((await allOf(stream)).at(-1)).toMatchObject({ __typename: 'ChatDone' });
    client.close();
  });
});
