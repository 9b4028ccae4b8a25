import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/server.js';
import { eventually } from '../support/eventually.js';
import { NOON } from '../support/server.js';

/** The request of context-create.zh.txt, byte for byte. */
const DOCUMENT_EXAMPLE = `{
"model": "Doubao-1.5-pro-32k",
"messages": [
{
"role": "system",
"content": "请扮演一位友好的客服"
},
{
"role": "user",
"content": "你好"
}
],
"mode":"session",
"ttl": 3600
}`;
const CREATE = { model: 'Doubao-1.5-pro-32k', messages: [{ role: 'system', content: 'Be kind.' }] };

// biome-ignore lint/suspicious/noExplicitAny: the tests look into whatever JSON came back
type Json = any;

class Client implements AsyncDisposable {
  time = NOON;
  private constructor(readonly sandbox: Sandbox) {}

  static async start(options: SandboxOptions = {}): Promise<Client> {
    const holder: { client?: Client } = {};
    holder.client = new Client(
      await startSandbox({ now: () => holder.client?.time ?? NOON, chunkMs: 0, ...options }),
    );
    return holder.client;
  }

  fetch(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.sandbox.url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${this.sandbox.apiKey}`,
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }

  async call(
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; json: Json }> {
    const response = await this.fetch(path, body, headers);
    return { status: response.status, json: await response.json() };
  }

  async chat(id: string, content: string, more: object = {}): Promise<{ status: number; json: Json }> {
    const messages = [{ role: 'user', content }];
    return this.call('/context/chat/completions', { context_id: id, model: CREATE.model, messages, ...more });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox.close();
  }
}

describe('the sandbox', () => {
  it('answers the document’s example in the document’s shape', async () => {
    await using client = await Client.start();
    const { status, json } = await client.call('/context/create', DOCUMENT_EXAMPLE);
    expect(status).toBe(200);
    expect(json).toEqual({
      id: expect.stringMatching(/^ctx-20260101120000-\d{5}$/),
      model: 'Doubao-1.5-pro-32k',
      ttl: 3600,
      truncation_strategy: { type: 'rolling_tokens', rolling_tokens: true },
      usage: {
        prompt_tokens: expect.any(Number),
        completion_tokens: 0,
        total_tokens: json.usage.prompt_tokens,
        prompt_tokens_details: { cached_tokens: 0 },
      },
      mode: 'session',
    });
    expect(json.usage.prompt_tokens).toBeGreaterThan(5);
  });

  it('wants its key', async () => {
    await using client = await Client.start({ apiKey: 'sk-mine' });
    for (const authorization of ['', 'Bearer sk-other', 'sk-mine']) {
      const { status, json } = await client.call('/context/create', CREATE, { authorization });
      expect(status).toBe(401);
      expect(json.error).toMatchObject({
        code: 'AuthenticationError',
        message: expect.stringMatching(/Request id: \S+$/),
      });
    }
  });

  const wrong: [string, unknown, string][] = [
    ['no model', { messages: CREATE.messages }, 'model'],
    ['no messages', { model: CREATE.model }, 'messages'],
    ['an empty list', { ...CREATE, messages: [] }, 'messages'],
    ['an empty message', { ...CREATE, messages: [{}] }, 'messages[0]'],
    ['an unknown role', { ...CREATE, messages: [{ role: 'tool', content: 'a' }] }, 'messages[0].role'],
    ['an unknown mode', { ...CREATE, mode: 'team' }, 'mode'],
    ['a ttl below the bounds', { ...CREATE, ttl: 3599 }, 'ttl'],
    ['a ttl above the bounds', { ...CREATE, ttl: 604_801 }, 'ttl'],
    ['a ttl that is a text', { ...CREATE, ttl: '3600' }, 'ttl'],
    ['null', { ...CREATE, mode: null }, 'mode'],
    [
      'a truncation of a prefix',
      { ...CREATE, mode: 'common_prefix', truncation_strategy: { type: 'rolling_tokens' } },
      'truncation_strategy',
    ],
    ['too little for Gemini', { ...CREATE, model: 'gemini-2.5-flash' }, 'messages'],
  ];
  it.each(wrong)('refuses %s', async (_, body, param) => {
    await using client = await Client.start();
    const { status, json } = await client.call('/context/create', body);
    expect(status).toBe(400);
    expect(json.error.param).toBe(param);
  });

  it('refuses what is no call of the contract', async () => {
    await using client = await Client.start();
    expect((await client.call('/context/create', '[]')).status).toBe(400);
    expect((await client.call('/context/create', '{')).status).toBe(400);
    expect((await client.call('/context/create', '{}', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await client.call('/context/create')).status).toBe(405);
    expect((await client.call('/context/list')).status).toBe(404);
    const unknown = await client.call('/context/create', { ...CREATE, model: 'gpt-4o' });
    expect(unknown).toMatchObject({
      status: 404,
      json: { error: { code: 'InvalidEndpointOrModel.NotFound' } },
    });
  });

  it('answers as Ark does where ttl and mode are left out, and takes both truncation strategies', async () => {
    await using client = await Client.start();
    expect((await client.call('/context/create', CREATE)).json).toMatchObject({
      ttl: 86_400,
      mode: 'session',
    });
    const strategy = { type: 'last_history_tokens', last_history_tokens: 4_096 };
    const { json } = await client.call('/context/create', { ...CREATE, truncation_strategy: strategy });
    expect(json.truncation_strategy).toEqual(strategy);
    const prefix = await client.call('/context/create', { ...CREATE, mode: 'common_prefix' });
    expect(prefix.json).not.toHaveProperty('truncation_strategy');
  });

  it('remembers a session, so that the cached tokens grow', async () => {
    await using client = await Client.start();
    const { json: context } = await client.call('/context/create', CREATE);
    const first = (await client.chat(context.id, 'How are you?')).json;
    const second = (await client.chat(context.id, 'And now?')).json;
    expect(first.choices[0]).toMatchObject({
      message: { role: 'assistant', content: expect.stringContaining('This is the sandbox, not a model.') },
      finish_reason: 'stop',
    });
    expect(first.usage.prompt_tokens_details.cached_tokens).toBe(context.usage.prompt_tokens);
    expect(second.usage.prompt_tokens_details.cached_tokens).toBe(first.usage.total_tokens);
  });

  it('never changes a prefix', async () => {
    await using client = await Client.start();
    const { json: context } = await client.call('/context/create', { ...CREATE, mode: 'common_prefix' });
    const answers = await Promise.all(['a', 'b', 'c'].map((content) => client.chat(context.id, content)));
    for (const { json } of answers) {
      expect(json.usage.prompt_tokens_details.cached_tokens).toBe(context.usage.prompt_tokens);
    }
  });

  it('forgets a context at its ttl, which each chat starts again', async () => {
    await using client = await Client.start();
    const { json: context } = await client.call('/context/create', { ...CREATE, ttl: 3_600 });
    client.time += 3_599_000;
    expect((await client.chat(context.id, 'a')).status).toBe(200);
    client.time += 3_599_000;
    expect((await client.chat(context.id, 'b')).status).toBe(200);
    client.time += 3_600_000;
    const { status, json } = await client.chat(context.id, 'c');
    expect(status).toBe(404);
    expect(json.error.message).toContain(context.id);
  });

  it('keeps Gemini’s contexts in Gemini’s way', async () => {
    await using client = await Client.start();
    const messages = [{ role: 'system', content: 'word '.repeat(1_100) }];
    const { json: context } = await client.call('/context/create', {
      model: 'gemini-2.5-flash',
      messages,
      ttl: 300,
    });
    expect(context).toEqual({
      id: expect.stringMatching(/^projects\/.+\/cachedContents\/\d+$/),
      ttl: 300,
      usage: {
        prompt_tokens: expect.any(Number),
        completion_tokens: 0,
        total_tokens: 0,
        cache_creation_input_tokens: context.usage.prompt_tokens,
      },
    });
    const chat = {
      context_id: context.id,
      model: 'gemini-2.5-flash',
      messages: [{ role: 'user', content: 'hi' }],
    };
    const { json } = await client.call('/chat/completions', chat);
    expect(json.usage.prompt_tokens_details.cached_tokens).toBe(context.usage.prompt_tokens);
  });

  it('chats without a context, as any OpenAI client would, and in Chinese where it is asked in Chinese', async () => {
    await using client = await Client.start();
    const body = {
      model: CREATE.model,
      messages: [{ role: 'user', content: '你好 <|endoftext|>' }],
      n: 2,
      max_tokens: 3,
    };
    const { json } = await client.call('/chat/completions', body);
    expect(json.choices).toHaveLength(2);
    expect(json.choices[0]).toMatchObject({
      finish_reason: 'length',
      message: { content: expect.stringMatching(/^这里是沙盒/) },
    });
    expect(json.usage.prompt_tokens_details.cached_tokens).toBe(0);
  });

  it.each([
    [{ temperature: 2.1 }, 'temperature'],
    [{ top_p: -1 }, 'top_p'],
    [{ n: 1.5 }, 'n'],
    [{ stop: ['1', '2', '3', '4', '5'] }, 'stop'],
    [{ presence_penalty: 3 }, 'presence_penalty'],
    [{ logit_bias: { a: 1 } }, 'logit_bias'],
    [{ tools: [] }, 'tools'],
    [{ messages: [{ role: 'assistant', content: 'a' }] }, 'messages'],
    [{ model: 'Doubao-pro-32k' }, 'model'],
    [{ max_tokens: null }, 'max_tokens'],
  ])('refuses a chat with %p', async (change, param) => {
    await using client = await Client.start();
    const { json: context } = await client.call('/context/create', CREATE);
    const { status, json } = await client.chat(context.id, 'a', change);
    expect({ status, param: json.error.param }).toEqual({ status: 400, param });
  });

  it('streams an answer with its usage, and remembers it', async () => {
    await using client = await Client.start();
    const { json: context } = await client.call('/context/create', CREATE);
    const response = await client.fetch('/context/chat/completions', {
      context_id: context.id,
      model: CREATE.model,
      messages: [{ role: 'user', content: 'Stream, please' }],
      stream: true,
      stream_options: { include_usage: true },
      stop: ['please'],
    });
    const events = (await response.text()).split('\n\n').filter(Boolean);
    expect(events.pop()).toBe('data: [DONE]');
    const chunks: Json[] = events.map((event) => JSON.parse(event.slice('data: '.length)));
    const usage = chunks.pop();
    expect(usage).toMatchObject({
      choices: [],
      usage: { prompt_tokens_details: { cached_tokens: context.usage.prompt_tokens } },
    });
    expect(chunks.every((chunk) => chunk.usage === null)).toBe(true);
    expect(chunks[0].choices[0].delta.role).toBe('assistant');
    expect(chunks.at(-1).choices[0].finish_reason).toBe('stop');
    const text = chunks.map((chunk) => chunk.choices[0].delta.content ?? '').join('');
    expect(text).toMatch(/^This is the sandbox.*Stream, $/);
    const next = (await client.chat(context.id, 'b')).json;
    expect(next.usage.prompt_tokens_details.cached_tokens).toBe(usage.usage.total_tokens);
  });

  it('remembers nothing of a stream whose client left', async () => {
    await using client = await Client.start();
    const { json: context } = await client.call('/context/create', CREATE);
    const response = await client.fetch('/context/chat/completions', {
      context_id: context.id,
      model: CREATE.model,
      messages: [{ role: 'user', content: 'x'.repeat(100) }],
      stream: true,
    });
    await response.body?.cancel();
    const { json } = await client.chat(context.id, 'b');
    expect(json.usage.prompt_tokens_details.cached_tokens).toBe(context.usage.prompt_tokens);
  });

  it('takes its time between two events of a stream, and none once the client has left', async () => {
    const hour = 3_600_000;
    await using client = await Client.start({ chunkMs: hour });
    const body = { model: CREATE.model, messages: [{ role: 'user', content: 'hi' }], stream: true };
    const waiting = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = waiting();
    // Many streams, because timers of other parts come and go meanwhile.
    const readers = await Promise.all(
      Array.from({ length: 40 }, async () =>
        (await client.fetch('/chat/completions', body)).body?.getReader(),
      ),
    );
    for (const reader of readers) {
      const { value } = (await reader?.read()) ?? {};
      expect(new TextDecoder().decode(value).match(/^data: /gm)).toHaveLength(1);
    }
    await eventually(() => waiting() > before + 30);
    await Promise.all(readers.map((reader) => reader?.cancel()));
    await eventually(() => waiting() < before + 10);
  });

  it('takes 30 ms an event where nothing else is asked for', async () => {
    await using sandbox = { ...(await startSandbox()), [Symbol.asyncDispose]: () => sandbox.close() };
    const began = performance.now();
    const response = await fetch(`${sandbox.url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${sandbox.apiKey}` },
      body: JSON.stringify({
        model: CREATE.model,
        messages: [{ role: 'user', content: 'hi' }],
        max_tokens: 8,
        stream: true,
      }),
    });
    const events = (await response.text()).match(/^data: \{/gm)?.length ?? 0;
    expect(events).toBe(10);
    expect(performance.now() - began).toBeGreaterThan(events * 29);
  });

  it('goes wrong as it is asked to', async () => {
    await using client = await Client.start({ faults: { status: 503 } });
    expect(await client.call('/models')).toMatchObject({
      status: 503,
      json: { error: { code: 'SandboxFault' } },
    });
    client.sandbox.faults = { cutAfterBytes: 10 };
    const cut = await client.fetch('/models');
    await expect(cut.text()).rejects.toThrow();
    client.sandbox.faults = { delayMs: 30 };
    const began = performance.now();
    expect((await client.call('/models')).json.data).toHaveLength(9);
    expect(performance.now() - began).toBeGreaterThan(25);
  });
});
