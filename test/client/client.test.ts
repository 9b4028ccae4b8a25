import { once } from 'node:events';
import { createServer } from 'node:http';
import { mock } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import {
  type AnswerEvent,
  type ChatInput,
  ChatRunsDocument,
  type ClientOptions,
  type ContextCacheClient,
  ContextCacheError,
  createContextCacheClient,
  ModelsDocument,
} from 'graphql-context-cache-client';
import WebSocket, { WebSocketServer } from 'ws';
import { Cable } from '../support/cable.js';
import { beginStream, CHAT_ANSWER, chunk, DONE, USAGE } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { PromptFiles, type PromptGateway, promptGateway } from '../support/prompts.js';
import { TestServer } from '../support/server.js';
import { SilentServer } from '../support/silent-server.js';
import { json, StandIn } from '../support/stand-in.js';

const TRANSPORTS = ['sse', 'websocket'] as const;
const QUESTION: ChatInput = { prompt: 'support', messages: [{ role: 'USER', content: 'Where is it?' }] };
const GOES_ON: ChatInput = { ...QUESTION, onDisconnect: 'CONTINUE' };

function connect(url: string, options: Partial<ClientOptions> = {}): ContextCacheClient {
  return createContextCacheClient({ url, WebSocket: WebSocket as never, ...options });
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error) => error,
  );
}

/** A gateway whose streams a test writes itself. */
async function writtenGateway(): Promise<
  PromptGateway & { write(text: string): void; end(): void; closed: number }
> {
  const gateway = await promptGateway();
  const written = Object.assign(gateway, { write: (_: string) => {}, end: () => {}, closed: 0 });
  gateway.onChat = (response) => {
    beginStream(response).on('close', () => written.closed++);
    written.write = (text) => void response.write(chunk({ content: text }));
    written.end = () => void response.end(chunk({}, 'stop') + USAGE + DONE);
    written.write('Hi ');
  };
  return written;
}

describe('the client', () => {
  it('creates a context, chats with it, and reports what caching saved', async () => {
    await using server = await TestServer.start();
    const client = connect(server.url);
    const { id: contextId, mode } = await client.createContext({
      model: 'Doubao-1.5-pro-32k',
      messages: [{ role: 'SYSTEM', content: 'You are a friendly clerk of a parcel shop.' }],
      mode: 'COMMON_PREFIX',
    });
    expect(mode).toBe('COMMON_PREFIX');
    const { choices } = await client.chat({ contextId, messages: [{ content: 'hello' }] });
    expect(choices[0]?.message.content).not.toBe('');
    expect(await client.report()).toMatchObject({ contexts: 1, totals: { chats: 1 } });
  });

  it('lists the prompts', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    expect(await connect(server.url).prompts()).toMatchObject([
      { name: 'support', cache: { state: 'COLD' } },
    ]);
  });

  it('runs other typed operations', async () => {
    await using server = await TestServer.start();
    const { models } = await connect(server.url).request(ModelsDocument, {});
    expect(models.length).toBeGreaterThan(0);
  });

  it('asks for the headers of each request', async () => {
    await using gateway = await StandIn.start((response) =>
      json(response, 401, { error: { message: 'no' } }),
    );
    await using server = await TestServer.start({ GATEWAY_URL: gateway.url });
    let token = 0;
    const client = connect(server.url, { headers: async () => ({ Authorization: `Bearer sk-${++token}` }) });
    for (let i = 0; i < 2; i++)
      expect(await errorOf(client.request(ModelsDocument, {}))).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(gateway.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer sk-1', 'Bearer sk-2']);
  });

  it('throws an error with a code, the fields that are wrong, and the id in the server’s log', async () => {
    await using server = await TestServer.start();
    const error = await errorOf(connect(server.url).createContext({ model: ' ', messages: [], ttl: 3600 }));
    expect(error).toBeInstanceOf(ContextCacheError);
    expect(error).toMatchObject({
      code: 'BAD_USER_INPUT',
      retryable: false,
      requestId: expect.any(String),
      fields: expect.arrayContaining([{ path: ['input', 'model'], message: expect.any(String) }]),
    });
  });

  it('says how long to wait', async () => {
    await using server = await TestServer.start({ RATE_LIMIT_CREATES_PER_MINUTE: '1' });
    const client = connect(server.url);
    const input = { model: 'Doubao-1.5-pro-32k', messages: [{ content: 'hello' }] };
    await client.createContext(input);
    expect(await errorOf(client.createContext(input))).toMatchObject({
      code: 'RATE_LIMITED',
      retryable: true,
      retryAfter: expect.any(Number),
    });
  });

  it('aborts a request with the signal’s reason', async () => {
    await using gateway = await StandIn.start(() => controller.abort(new Error('left')));
    await using server = await TestServer.before(gateway);
    const controller = new AbortController();
    const input = { model: 'Doubao-1.5-pro-32k', messages: [{ content: 'hello' }] };
    const error = await errorOf(connect(server.url).createContext(input, controller));
    expect(error).toMatchObject({ message: 'left' });
    expect(await errorOf(connect(server.url).createContext(input, controller))).toBe(error);
  });

  it.each([
    ['a proxy’s page', 'text/html', '<h1>Bad Gateway</h1>'],
    ['JSON that is none', 'application/json', '{"data":'],
  ])('says that %s is no answer of the server', async (_, type, body) => {
    const server = createServer((_, response) => response.writeHead(502, { 'content-type': type }).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const client = connect(`http://127.0.0.1:${port}/graphql`);
    const error = await errorOf(client.prompts());
    expect(error).toMatchObject({ code: 'NETWORK_ERROR', retryable: true });
    expect(await errorOf(client.stream(QUESTION).text())).toMatchObject({ code: 'NETWORK_ERROR' });
    server.close();
    await eventually(() => !server.listening);
    expect(await errorOf(client.prompts())).toMatchObject({ code: 'NETWORK_ERROR' });
  });
});

describe.each(TRANSPORTS)('a stream of the client over %s', (transport) => {
  it('yields typed events, and the text as a whole', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    const client = connect(server.url, { transport });
    const events: AnswerEvent[] = [];
    for await (const event of client.stream(QUESTION)) events.push(event);
    expect(events.map(({ __typename }) => __typename)).toEqual([...Array(4).fill('ChatDelta'), 'ChatDone']);
    expect(events.at(-1)).toMatchObject({
      usage: { promptTokensDetails: { cachedTokens: 8 } },
      cache: { status: 'CREATED' },
    });
    expect(await client.stream(QUESTION).text()).toBe('Hi 您好😀');
  });

  it('ends the answer at the gateway when it is aborted, or its iteration is left', async () => {
    await using gateway = await writtenGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    const client = connect(server.url, { transport });
    const controller = new AbortController();
    for await (const _ of client.stream(QUESTION, controller)) break;
    await eventually(() => gateway.closed === 1);
    const reading = (async () => {
      for await (const _ of client.stream(QUESTION, controller)) controller.abort(new Error('enough'));
    })();
    expect(await errorOf(reading)).toMatchObject({ message: 'enough' });
    await eventually(() => gateway.closed === 2);
  });

  it('throws the reason of an abort, also where the whole answer has come', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    const client = connect(server.url, { transport });
    for (const isComplete of [false, true]) {
      const controller = new AbortController();
      const events: AnswerEvent[] = [];
      const reading = (async () => {
        for await (const event of client.stream(QUESTION, controller)) {
          events.push(event);
          if (isComplete) await setTimeout(100);
          controller.abort(new Error('enough'));
        }
      })();
      expect(await errorOf(reading)).toMatchObject({ message: 'enough' });
      expect(events).toHaveLength(1);
    }
  });

  it('ends the answer at the gateway as soon as it is aborted, also while its events are not read', async () => {
    await using gateway = await writtenGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    const controller = new AbortController();
    const events = connect(server.url, { transport }).stream(QUESTION, controller)[Symbol.asyncIterator]();
    await events.next();
    controller.abort(new Error('enough'));
    await eventually(() => gateway.closed === 1);
    expect(await errorOf(events.next())).toMatchObject({ message: 'enough' });
  });

  it('throws what the server rejects, and a failure behind the text that came', async () => {
    await using gateway = await writtenGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    const client = connect(server.url, { transport });
    const rejected = client.stream({ ...QUESTION, prompt: 'nothing' }).text();
    expect(await errorOf(rejected)).toMatchObject({
      code: 'PROMPT_NOT_FOUND',
      requestId: expect.any(String),
    });
    let text = '';
    gateway.onChat = (response) =>
      beginStream(response).write(chunk({ content: 'Hi ' }), () => response.destroy());
    const reading = (async () => {
      for await (const event of client.stream(QUESTION))
        if (event.__typename === 'ChatDelta') text += event.content ?? '';
    })();
    expect(await errorOf(reading)).toMatchObject({ code: 'GATEWAY_BAD_RESPONSE', name: 'ContextCacheError' });
    expect(text).toBe('Hi ');
  });

  it('resumes an answer that goes on, as often as its connection is lost', async () => {
    await using gateway = await writtenGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    await using cable = await Cable.to(server.origin, { isMended: true });
    const client = connect(`${cable.origin}/graphql`, { transport });
    let text = '';
    const seqs: number[] = [];
    for await (const event of client.stream(GOES_ON)) {
      if (event.__typename !== 'ChatDelta') continue;
      text += event.content ?? '';
      seqs.push(event.seq ?? 0);
      if (text === 'Hi ' || text === 'Hi there') {
        cable.cut();
        gateway.write(text === 'Hi ' ? 'there' : ', you');
      }
      if (text === 'Hi there, you') gateway.end();
    }
    expect(text).toBe('Hi there, you');
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    const { data } = await server.run(ChatRunsDocument, {});
    expect(data.chatRuns).toMatchObject([{ status: 'DONE' }]);
  });

  it('resumes an answer that goes on where no headers can be made for a while', async () => {
    await using gateway = await writtenGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    await using cable = await Cable.to(server.origin, { isMended: true });
    let failures = 0;
    let isOffline = false;
    const headers = async () => {
      if (!isOffline) return {};
      isOffline = ++failures < 2;
      throw new TypeError('Failed to fetch');
    };
    const client = connect(`${cable.origin}/graphql`, { transport, headers });
    let text = '';
    for await (const event of client.stream(GOES_ON)) {
      if (event.__typename !== 'ChatDelta') continue;
      text += event.content ?? '';
      if (text !== 'Hi ') continue;
      isOffline = true;
      cable.cut();
      gateway.write('there');
      gateway.end();
    }
    expect(text).toBe('Hi there');
    expect(failures).toBe(2);
  });

  it('says that no headers could be made, and why', async () => {
    const cause = new TypeError('Failed to fetch');
    await using server = await TestServer.start();
    const client = connect(server.url, { transport, headers: () => Promise.reject(cause) });
    const error = { code: 'NETWORK_ERROR', message: 'The headers could not be made.', cause };
    expect(await errorOf(client.stream(QUESTION).text())).toMatchObject(error);
    expect(await errorOf(client.prompts())).toMatchObject(error);
    const own = new ContextCacheError('Sign in.', { code: 'UNAUTHENTICATED', retryable: false });
    const signedOut = connect(server.url, { transport, headers: () => Promise.reject(own) });
    expect(await errorOf(signedOut.stream(GOES_ON).text())).toBe(own);
  });

  it('joins the run where the connection is lost before its id has come', async () => {
    await using gateway = await writtenGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    await using cable = await Cable.to(server.origin, { isMended: true });
    const onChat = gateway.onChat;
    // The answer of the context's creation is what the first stream waits for.
    const onCreate = gateway.onCreate;
    gateway.onCreate = (...call) => {
      cable.cut();
      onCreate(...call);
    };
    gateway.onChat = (...call) => {
      onChat(...call);
      gateway.end();
    };
    expect(await connect(`${cable.origin}/graphql`, { transport }).stream(GOES_ON).text()).toBe('Hi ');
    expect(gateway.contextChats).toHaveLength(1);
  });

  it('fails where the connection of an answer is lost that ends with it', async () => {
    await using gateway = await writtenGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    await using cable = await Cable.to(server.origin, { isMended: true });
    const reading = (async () => {
      for await (const _ of connect(`${cable.origin}/graphql`, { transport }).stream(QUESTION)) cable.cut();
    })();
    expect(await errorOf(reading)).toMatchObject({ code: 'NETWORK_ERROR', retryable: true });
    expect(gateway.contextChats).toHaveLength(1);
  });

  it('is watched again from any place, and stopped', async () => {
    await using gateway = await writtenGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    const client = connect(server.url, { transport });
    let runId = '';
    for await (const event of client.stream(GOES_ON)) {
      if (event.__typename === 'ChatStarted') runId = event.runId;
      else break;
    }
    gateway.write('there');
    let text = '';
    const watching = (async () => {
      for await (const event of client.resume(runId)) {
        if (event.__typename === 'ChatDelta') text += event.content ?? '';
        if (text === 'Hi there') await client.stop(runId);
      }
    })();
    expect(await errorOf(watching)).toMatchObject({ code: 'CANCELLED' });
    expect(await errorOf(client.resume(runId, { after: 1 }).text())).toMatchObject({ code: 'CANCELLED' });
    expect(await errorOf(client.resume('nothing').text())).toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  it('waits for a server that is not there for as long as its signal permits', async () => {
    const server = await TestServer.start();
    await server[Symbol.asyncDispose]();
    const controller = new AbortController();
    const reading = connect(server.url, { transport }).stream(GOES_ON, controller).text();
    expect(await Promise.race([errorOf(reading), setTimeout(100, 'waits')])).toBe('waits');
    controller.abort(new Error('enough'));
    expect(await errorOf(reading)).toMatchObject({ message: 'enough' });
  });
});

describe('the client’s WebSocket', () => {
  /** Sockets that the client opened, oldest first. */
  const opened: WebSocket[] = [];
  class Watched extends WebSocket {
    constructor(url: string, protocol: string) {
      super(url, protocol);
      opened.push(this);
    }
  }
  beforeEach(() => opened.splice(0));

  it('is shared by all streams, closes with the last, and opens again', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    const client = connect(server.url, { transport: 'websocket', WebSocket: Watched as never });
    const texts = await Promise.all([1, 2, 3].map(() => client.stream(QUESTION).text()));
    expect(texts).toEqual(['Hi 您好😀', 'Hi 您好😀', 'Hi 您好😀']);
    expect(opened).toHaveLength(1);
    await eventually(() => opened[0]?.readyState === WebSocket.CLOSED);
    await client.stream(QUESTION).text();
    expect(opened).toHaveLength(2);
  });

  it('brings the headers as connection parameters', async () => {
    await using gateway = await StandIn.start((response) =>
      json(response, 401, { error: { message: 'no' } }),
    );
    await using server = await TestServer.start({ GATEWAY_URL: gateway.url });
    const client = connect(server.url, {
      transport: 'websocket',
      headers: { Authorization: 'Bearer sk-mine' },
    });
    const reading = client.stream({ contextId: 'ctx-1', model: 'm', messages: [{ content: 'x' }] }).text();
    expect(await errorOf(reading)).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(gateway.seen[0]?.headers.authorization).toBe('Bearer sk-mine');
  });

  it.each([QUESTION, GOES_ON])('is closed by `close`, which fails its streams for good', async (input) => {
    await using gateway = await writtenGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    const client = connect(server.url, { transport: 'websocket', WebSocket: Watched as never });
    const reading = (async () => {
      for await (const event of client.stream(input)) if (event.__typename === 'ChatDelta') client.close();
    })();
    expect(await errorOf(reading)).toMatchObject({ code: 'NETWORK_ERROR', retryable: false });
    expect(opened).toHaveLength(1);
  });

  it('fails its streams where a message is not JSON', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    server.on('connection', (socket) => socket.send('{"type":'));
    const { port } = server.address() as { port: number };
    const client = connect(`http://127.0.0.1:${port}/graphql`, { transport: 'websocket' });
    expect(await errorOf(client.stream(QUESTION).text())).toMatchObject({ code: 'NETWORK_ERROR' });
    server.close();
  });

  it('says where a platform has none', () => {
    const options = { url: 'http://127.0.0.1/graphql', transport: 'websocket' } as const;
    const { WebSocket: original } = globalThis;
    Reflect.deleteProperty(globalThis, 'WebSocket');
    expect(() => createContextCacheClient(options)).toThrow('This platform has no WebSocket');
    if (original) globalThis.WebSocket = original;
  });

  it('has its chats answered whole over HTTP', async () => {
    await using gateway = await promptGateway();
    gateway.onChat = (response) => json(response, 200, CHAT_ANSWER);
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    const client = connect(server.url, { transport: 'websocket', WebSocket: Watched as never });
    expect((await client.chat(QUESTION)).choices[0]?.message.content).toBe('您好');
    expect(opened).toHaveLength(0);
  });
});

describe.each(TRANSPORTS)('a connection over %s that falls silent', (transport) => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval'] }));
  afterEach(() => mock.timers.reset());

  it('counts as lost after 40 seconds', async () => {
    await using server = await SilentServer.start();
    const url = `http://127.0.0.1:${server.port}/graphql`;
    const error = errorOf(connect(url, { transport }).stream(QUESTION).text());
    await server.connected;
    mock.timers.tick(39_000);
    expect(await Promise.race([error, Promise.resolve('waits')])).toBe('waits');
    mock.timers.tick(1_000);
    expect(await error).toMatchObject({ code: 'NETWORK_ERROR' });
  });
});

/** Timers as a browser runs those of a tab that is hidden for long: all that are due, once a minute. */
class HiddenTab implements Disposable {
  private now = 0;
  private readonly timers = new Map<number, { act: () => void; due: number; every?: number }>();

  constructor() {
    let last = 0;
    const start = (act: () => void, due: number, every: object) => {
      this.timers.set(++last, { act, due: this.now + due, ...every });
      return last;
    };
    const clear = (id: number) => void this.timers.delete(id);
    mock.method(globalThis, 'setTimeout', (act: () => void, ms: number) => start(act, ms, {}));
    mock.method(globalThis, 'setInterval', (act: () => void, ms: number) => start(act, ms, { every: ms }));
    mock.method(globalThis, 'clearTimeout', clear);
    mock.method(globalThis, 'clearInterval', clear);
  }

  minute(): void {
    this.now += 60_000;
    const due = [...this.timers].filter(([, timer]) => timer.due <= this.now);
    for (const [id, { act, every }] of due.sort(([, one], [, other]) => one.due - other.due)) {
      if (every === undefined) this.timers.delete(id);
      else this.timers.set(id, { act, every, due: this.now + every });
      act();
    }
  }

  [Symbol.dispose](): void {
    mock.restoreAll();
  }
}

describe('a WebSocket in a hidden tab', () => {
  /** A server that answers pings, and nothing else while the model thinks. */
  class Answering {
    static last: Answering;
    readonly OPEN = 1;
    readyState = 1;
    pings = 0;
    answersPings = true;
    onopen = () => {};
    onclose = (_: { reason: string }) => {};
    onmessage = (_: { data: string }) => {};

    constructor() {
      Answering.last = this;
      queueMicrotask(() => this.onopen());
    }

    say(message: object): void {
      queueMicrotask(() => this.onmessage({ data: JSON.stringify(message) }));
    }

    send(text: string): void {
      const { type } = JSON.parse(text);
      if (type === 'connection_init') this.say({ type: 'connection_ack' });
      if (type === 'ping') this.pings++;
      if (type === 'ping' && this.answersPings) this.say({ type: 'pong' });
    }

    close(): void {
      this.readyState = 3;
    }
  }

  it('is not lost while it answers, and lost once it does not', async () => {
    using tab = new HiddenTab();
    const options = { transport: 'websocket', WebSocket: Answering as never } as const;
    const stream = connect('http://127.0.0.1/graphql', options).stream(QUESTION)[Symbol.asyncIterator]();
    const first = stream.next();
    first.catch(() => undefined);
    for (let minutes = 0; minutes < 10; minutes++) {
      await setImmediate();
      tab.minute();
    }
    expect(Answering.last.pings).toBe(10);
    Answering.last.say({
      type: 'next',
      id: '1',
      payload: { data: { chatStream: { __typename: 'ChatDelta', index: 0, content: 'Hi' } } },
    });
    expect((await first).value).toMatchObject({ content: 'Hi' });
    Answering.last.answersPings = false;
    const error = errorOf(stream.next());
    tab.minute();
    tab.minute();
    expect(await error).toMatchObject({ code: 'NETWORK_ERROR' });
  });
});

/** What a server answers that is about to end. */
const draining = () => {
  const extensions = { code: 'INTERNAL_SERVER_ERROR', retryable: true, requestId: 'r' };
  return Response.json({ errors: [{ message: 'It shuts down.', extensions }] }, { status: 503 });
};
const event = (chatStream: object) => `event: next\ndata: ${JSON.stringify({ data: { chatStream } })}\n\n`;
const streamed = (body: BodyInit) => new Response(body, { headers: { 'content-type': 'text/event-stream' } });

describe('a client whose server is replaced', () => {
  /** Answers each request with the next of these, at last with the last again. */
  function answering(...answers: (() => Response)[]) {
    const asked: string[] = [];
    const fetch = async (_: unknown, init?: RequestInit) => {
      asked.push(JSON.parse(String(init?.body)).variables.input?.idempotencyKey);
      return (answers.length > 1 ? answers.shift() : answers[0])?.() ?? Response.error();
    };
    return { asked, client: connect('http://127.0.0.1/graphql', { fetch }) };
  }

  const started = event({ __typename: 'ChatStarted', runId: 'run-1' });
  const done = event({ __typename: 'ChatDone', usage: null, cache: null });

  it('goes on with an answer that goes on', async () => {
    const { asked, client } = answering(
      draining,
      () => streamed(started),
      draining,
      () => streamed(started + done),
    );
    expect(await client.stream(GOES_ON).text()).toBe('');
    expect(asked).toEqual([expect.any(String), asked[0], undefined, undefined]);
  });

  it('asks for no other answer again, and not after a failure of the answer itself', async () => {
    const other = answering(draining);
    expect(await errorOf(other.client.stream(QUESTION).text())).toMatchObject({ requestId: 'r' });
    expect(other.asked).toHaveLength(1);
    const failure = { code: 'INTERNAL_SERVER_ERROR', message: 'It shut down.', retryable: true };
    const failed = answering(() => streamed(started + event({ __typename: 'ChatFailure', ...failure })));
    expect(await errorOf(failed.client.stream(GOES_ON).text())).toMatchObject(failure);
    expect(failed.asked).toHaveLength(1);
  });

  it('gives up at once where what answers is no GraphQL server, and waits for one behind a proxy', async () => {
    const page = (status: number) => () =>
      new Response('<html>', { status, headers: { 'content-type': 'text/html' } });
    const wrong = answering(page(404));
    expect(await errorOf(wrong.client.stream(GOES_ON).text())).toMatchObject({
      code: 'NETWORK_ERROR',
      retryable: false,
    });
    expect(wrong.asked).toHaveLength(1);
    const restarted = answering(page(502), page(429), () => streamed(started + done));
    expect(await restarted.client.stream(GOES_ON).text()).toBe('');
  });

  it('gives up after about a minute', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const { asked, client } = answering(draining);
    let error: unknown;
    const reading = errorOf(client.stream(GOES_ON).text()).then((thrown) => {
      error = thrown;
    });
    for (let rounds = 0; !error && rounds < 1_000; rounds++) {
      await setImmediate();
      mock.timers.tick(100);
    }
    mock.timers.reset();
    expect(error).toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
    await reading;
    expect(asked).toHaveLength(12);
  });
});

describe('an answer over server-sent events', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'] }));
  afterEach(() => mock.timers.reset());

  /** Begins an answer with one event. */
  async function begin() {
    let body: ReadableStreamDefaultController<Uint8Array> | undefined;
    const fetch = async (_: unknown, init?: RequestInit) =>
      streamed(
        new ReadableStream<Uint8Array>({
          start(controller) {
            body = controller;
            init?.signal?.addEventListener('abort', () => controller.error(init.signal?.reason));
          },
        }),
      );
    const write = (content: string) =>
      body?.enqueue(new TextEncoder().encode(event({ __typename: 'ChatDelta', index: 0, content })));
    const events = connect('http://127.0.0.1/graphql', { fetch }).stream(QUESTION)[Symbol.asyncIterator]();
    const first = events.next();
    await setImmediate();
    write('one');
    await first;
    return { write, events };
  }

  async function expectSilence(events: AsyncGenerator<AnswerEvent>, tick: () => void): Promise<void> {
    const silent = errorOf(events.next());
    await setImmediate();
    tick();
    expect(await silent).toMatchObject({ code: 'NETWORK_ERROR' });
  }

  it('is not taken for a silent connection until its reader waits', async () => {
    const { write, events } = await begin();
    mock.timers.tick(60_000);
    write('two');
    mock.timers.tick(60_000);
    expect((await events.next()).value).toMatchObject({ content: 'two' });
    await expectSilence(events, () => mock.timers.tick(40_000));
  });

  it('is read on where the machine was asleep, if something comes within ten seconds', async () => {
    const { write, events } = await begin();
    const sleep = () => {
      mock.timers.setTime(Date.now() + 3_600_000);
      mock.timers.tick(40_000);
    };
    const second = events.next();
    await setImmediate();
    sleep();
    write('two');
    expect((await second).value).toMatchObject({ content: 'two' });
    await expectSilence(events, () => {
      sleep();
      mock.timers.tick(10_000);
    });
  });
});
