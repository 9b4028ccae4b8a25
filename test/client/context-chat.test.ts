import { ChatRunsDocument, createContextCacheClient } from 'graphql-context-cache-client';
import { type ChatStorage, ContextChat, type ContextChatOptions } from 'graphql-context-cache-client/react';
import WebSocket from 'ws';
import { beginStream, chunk, DONE, STREAM, USAGE } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { PromptFiles, type PromptGateway, promptGateway } from '../support/prompts.js';
import { TestServer } from '../support/server.js';

class MemoryStorage implements ChatStorage {
  readonly items = new Map<string, string>();
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
  removeItem = (key: string) => void this.items.delete(key);
}

/** A server with a prompt, and a gateway whose answers a test may write. */
class Stage implements AsyncDisposable {
  readonly storage = new MemoryStorage();
  readonly client: ContextChatOptions['client'];
  /** Of the answer that is coming. */
  write = (_: string): void => {};
  end = (): void => {};
  /** Whether the server has left the answer. */
  closed = false;
  private constructor(
    readonly gateway: PromptGateway,
    private readonly files: PromptFiles,
    readonly server: TestServer,
  ) {
    this.client = createContextCacheClient({ url: server.url });
  }

  static async set(env: Record<string, string> = {}): Promise<Stage> {
    const gateway = await promptGateway();
    const files = new PromptFiles();
    return new Stage(gateway, files, await TestServer.before(gateway, { ...files.env, ...env }));
  }

  /** From now on the gateway says 'Hi ' and waits for the test. */
  hold(): void {
    this.gateway.onChat = (response) => {
      beginStream(response)
        .on('close', () => {
          this.closed = true;
        })
        .write(chunk({ content: 'Hi ' }));
      this.write = (text) => void response.write(chunk({ content: text }));
      this.end = () => void response.end(chunk({}, 'stop') + USAGE + DONE);
    };
  }

  /** The chat as a page that was just loaded has it. */
  open(target: { prompt: string } | { contextId: string } = { prompt: 'support' }): ContextChat {
    const chat = new ContextChat({ client: this.client, storage: this.storage, ...target });
    chat.attach();
    return chat;
  }

  async createContext(mode: 'SESSION' | 'COMMON_PREFIX'): Promise<string> {
    const messages = [{ role: 'SYSTEM' as const, content: 'You are a clerk.' }];
    return (await this.client.createContext({ model: 'Doubao-1.5-pro-32k', messages, mode })).id;
  }

  /** What each chat sent to the gateway. */
  get asked(): string[][] {
    return this.gateway.contextChats.map(({ body }) =>
      JSON.parse(body).messages.map(({ content }: { content: string }) => content),
    );
  }

  async runs() {
    return (await this.server.run(ChatRunsDocument, {})).data.chatRuns.map(({ status }) => status);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.gateway[Symbol.asyncDispose]();
    this.files[Symbol.dispose]();
  }
}

const textsOf = (chat: ContextChat) => chat.getState().messages.map(({ content }) => content);
const statesOf = (chat: ContextChat) => chat.getState().messages.map(({ state }) => state);

describe('a chat', () => {
  it('shows question and answer, its status, and the tokens that came from the cache', async () => {
    await using stage = await Stage.set();
    const chat = stage.open();
    const statuses = new Set<string>();
    chat.subscribe(() => statuses.add(chat.getState().status));
    await chat.send('Where?');
    expect([...statuses]).toEqual(['submitted', 'streaming', 'ready']);
    expect(chat.getState()).toMatchObject({
      messages: [
        { role: 'user', content: 'Where?', state: 'complete' },
        { role: 'assistant', content: 'Hi 您好😀', state: 'complete', cache: { status: 'CREATED' } },
      ],
      error: undefined,
      usage: { promptTokensDetails: { cachedTokens: 8 } },
    });
  });

  it('keeps the model’s reasoning apart', async () => {
    await using stage = await Stage.set();
    stage.gateway.onChat = (response) =>
      beginStream(response).end(
        chunk({ reasoning_content: 'They ' }) +
          chunk({ reasoning_content: 'ask.' }) +
          chunk({ content: 'Hi' }) +
          DONE,
      );
    const chat = stage.open();
    await chat.send('Where?');
    expect(chat.getState().messages[1]).toMatchObject({ content: 'Hi', reasoning: 'They ask.' });
  });

  it('does nothing with a question while an answer is coming', async () => {
    await using stage = await Stage.set();
    stage.hold();
    const chat = stage.open();
    const asking = chat.send('one');
    await eventually(() => chat.getState().status === 'streaming');
    await chat.send('two');
    await chat.regenerate();
    stage.end();
    await asking;
    expect(stage.asked).toEqual([['one']]);
  });

  it('sends what was said before with a prompt or a prefix', async () => {
    await using stage = await Stage.set();
    for (const target of [{ prompt: 'support' }, { contextId: await stage.createContext('COMMON_PREFIX') }]) {
      const chat = stage.open(target);
      await chat.send('one');
      await chat.send('two');
      expect(stage.asked.at(-1)).toEqual(['one', 'Hi 您好😀', 'two']);
    }
  });

  it('sends only the new question to a session, also without being told that it is one', async () => {
    await using stage = await Stage.set();
    const chat = stage.open({ contextId: await stage.createContext('SESSION') });
    await chat.send('one');
    await chat.send('two');
    expect(stage.asked).toEqual([['one'], ['two']]);
  });

  it('takes a context for a session that the server does not know', async () => {
    await using gateway = await promptGateway();
    await using server = await TestServer.start({ GATEWAY_URL: gateway.url, AUTH_MODE: 'passthrough' });
    const client = createContextCacheClient({
      url: server.url,
      headers: { authorization: 'Bearer sk-mine' },
    });
    const parameters = { model: 'Doubao-1.5-pro-32k' };
    const chat = new ContextChat({ client, storage: null, contextId: 'ctx-elsewhere', parameters });
    await chat.send('one');
    await chat.send('two');
    expect(gateway.contextChats.map(({ body }) => JSON.parse(body).messages.length)).toEqual([1, 1]);
  });

  it('asks again in place of the answer', async () => {
    await using stage = await Stage.set();
    const chat = stage.open();
    await chat.send('one');
    await chat.send('two');
    await chat.regenerate();
    expect(textsOf(chat)).toEqual(['one', 'Hi 您好😀', 'two', 'Hi 您好😀']);
    expect(stage.asked.at(-1)).toEqual(['one', 'Hi 您好😀', 'two']);
  });

  it('asks in other words, and drops what followed', async () => {
    await using stage = await Stage.set();
    const chat = stage.open();
    await chat.send('one');
    await chat.send('two');
    await chat.edit(chat.getState().messages[0]?.id ?? '', 'uno');
    expect(textsOf(chat)).toEqual(['uno', 'Hi 您好😀']);
    expect(stage.asked.at(-1)).toEqual(['uno']);
    await chat.edit('nothing', 'x');
    expect(stage.asked).toHaveLength(3);
  });

  it('makes a new question of both in a session, which cannot take anything back', async () => {
    await using stage = await Stage.set();
    const contextId = await stage.createContext('SESSION');
    await stage.open({ contextId }).send('one');
    const chat = stage.open({ contextId });
    await chat.regenerate();
    await chat.edit(chat.getState().messages[0]?.id ?? '', 'uno');
    expect(textsOf(chat)).toEqual(['one', 'Hi 您好😀', 'one', 'Hi 您好😀', 'uno', 'Hi 您好😀']);
    expect(stage.asked).toEqual([['one'], ['one'], ['uno']]);
  });

  it('sends the parameters and heeds the mode that it was given last', async () => {
    await using stage = await Stage.set();
    const contextId = await stage.createContext('COMMON_PREFIX');
    const options = { client: stage.client, storage: null, contextId };
    const chat = new ContextChat({ ...options, parameters: { temperature: 0 } });
    await chat.send('one');
    chat.update({ ...options, parameters: { temperature: 1 } });
    await chat.send('two');
    chat.update({ ...options, mode: 'SESSION' });
    await chat.send('three');
    const bodies = stage.gateway.contextChats.map(({ body }) => JSON.parse(body));
    expect(bodies.map(({ temperature }) => temperature)).toEqual([0, 1, undefined]);
    expect(stage.asked).toEqual([['one'], ['one', 'Hi 您好😀', 'two'], ['three']]);
  });

  it('says why an answer failed, keeps its text, and asks again', async () => {
    await using stage = await Stage.set();
    const answer = stage.gateway.onChat;
    stage.gateway.onChat = (response) =>
      beginStream(response).write(chunk({ content: 'Hi ' }), () => response.destroy());
    const chat = stage.open();
    await chat.send('one');
    expect(chat.getState()).toMatchObject({ status: 'error', error: { code: 'GATEWAY_BAD_RESPONSE' } });
    expect(textsOf(chat)).toEqual(['one', 'Hi ']);
    expect(stage.open().getState().error).toMatchObject({
      name: 'ContextCacheError',
      code: 'GATEWAY_BAD_RESPONSE',
      message: chat.getState().error?.message,
    });
    stage.gateway.onChat = answer;
    await chat.regenerate();
    expect(chat.getState()).toMatchObject({ status: 'ready', error: undefined });
  });

  it('fails where the server does not know the prompt', async () => {
    await using stage = await Stage.set();
    const chat = stage.open({ prompt: 'nothing' });
    await chat.send('one');
    expect(chat.getState().error).toMatchObject({ code: 'PROMPT_NOT_FOUND' });
  });
});

describe('an answer that is stopped', () => {
  it('ends at the server, and keeps its text', async () => {
    await using stage = await Stage.set();
    stage.hold();
    const chat = stage.open();
    const asking = chat.send('one');
    await eventually(() => chat.getState().status === 'streaming');
    chat.stop();
    await asking;
    expect(statesOf(chat)).toEqual(['complete', 'stopped']);
    expect(textsOf(chat)).toEqual(['one', 'Hi ']);
    await eventually(async () => (await stage.runs()).join() === 'STOPPED');
  });

  it('ends at the server also where it is stopped before its run is known', async () => {
    await using stage = await Stage.set();
    stage.hold();
    let stopAt: string | undefined = 'subscription';
    const client = createContextCacheClient({
      url: stage.server.url,
      fetch: (url, init) => {
        const sent = fetch(url, init);
        if (stopAt && String(init?.body).includes(stopAt)) chat.stop();
        stopAt = undefined;
        return sent;
      },
    });
    const chat = new ContextChat({ client, storage: null, prompt: 'support' });
    await chat.send('one');
    expect(statesOf(chat)).toEqual(['complete', 'stopped']);
    await eventually(async () => (await stage.runs()).join() === 'STOPPED');
  });

  it('is not asked at all where it is stopped at once', async () => {
    await using stage = await Stage.set();
    const chat = stage.open();
    const asking = chat.send('one');
    chat.stop();
    await asking;
    chat.subscribe(() => chat.getState().status === 'submitted' && chat.stop());
    await chat.send('two');
    expect(statesOf(chat)).toEqual(['complete', 'stopped', 'complete', 'stopped']);
    await stage.open({ prompt: 'support' }).send('three');
    expect(stage.asked).toEqual([['one', 'two', 'three']]);
  });

  it.each([
    ['stop', ['complete', 'stopped']],
    ['clear', []],
  ] as const)('stays so where %s comes while the mode of the context is asked', async (act, states) => {
    await using stage = await Stage.set();
    const contextId = await stage.createContext('SESSION');
    await stage.open({ contextId }).send('one');
    let isHeld = true;
    const client = createContextCacheClient({
      url: stage.server.url,
      fetch: async (url, init) => {
        if (isHeld) chat[act]();
        isHeld = false;
        return fetch(url, init);
      },
    });
    const chat = new ContextChat({ client, storage: stage.storage, contextId });
    await chat.regenerate();
    expect(chat.getState().status).toBe('ready');
    expect(statesOf(chat)).toEqual(states);
    expect(stage.asked).toEqual([['one']]);
    await chat.send('two');
    expect(stage.asked).toEqual([['one'], ['two']]);
  });

  it.each(['stop', 'clear'] as const)(
    'ends at the server by %s also where nobody watches it',
    async (act) => {
      await using stage = await Stage.set();
      stage.hold();
      const chat = new ContextChat({ client: stage.client, storage: stage.storage, prompt: 'support' });
      const leave = chat.attach();
      void chat.send('one');
      await eventually(() => chat.getState().status === 'streaming');
      leave();
      // As after a reload, too.
      new ContextChat({ client: stage.client, storage: stage.storage, prompt: 'support' })[act]();
      await eventually(async () => (await stage.runs()).join() === 'STOPPED');
    },
  );

  it('stays complete where it is stopped at its end', async () => {
    await using stage = await Stage.set();
    const chat = stage.open();
    chat.subscribe(() => chat.getState().status === 'ready' && chat.stop());
    await chat.send('one');
    expect(statesOf(chat)).toEqual(['complete', 'complete']);
  });

  it('is aborted where the server keeps no runs', async () => {
    await using stage = await Stage.set({ RUNS: 'off' });
    stage.hold();
    const chat = stage.open();
    const asking = chat.send('one');
    await eventually(() => chat.getState().status === 'streaming');
    chat.stop();
    await asking;
    expect(statesOf(chat)).toEqual(['complete', 'stopped']);
    await eventually(() => stage.closed);
  });
});

describe('an answer whose connection is lost for good', () => {
  function connect({ server }: Stage) {
    return createContextCacheClient({
      url: server.url,
      transport: 'websocket',
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    });
  }

  it('is shown to its end and not asked again by the next attempt, also after a reload', async () => {
    await using stage = await Stage.set();
    stage.hold();
    const client = connect(stage);
    const options = { client, storage: stage.storage, prompt: 'support' };
    const chat = new ContextChat(options);
    const asking = chat.send('one');
    await eventually(() => chat.getState().status === 'streaming');
    client.close();
    await asking;
    expect(chat.getState()).toMatchObject({ status: 'error', error: { code: 'NETWORK_ERROR' } });
    stage.write('there');
    stage.end();
    for (const again of [new ContextChat(options), chat]) {
      await again.regenerate();
      expect(again.getState()).toMatchObject({ status: 'ready', error: undefined });
      expect(textsOf(again)).toEqual(['one', 'Hi there']);
    }
    expect(stage.asked).toHaveLength(1);
    stage.gateway.onChat = (response) => beginStream(response).end(STREAM);
    await chat.regenerate();
    expect(stage.asked).toHaveLength(2);
  });

  it('ends at the server where the chat is cleared', async () => {
    await using stage = await Stage.set();
    stage.hold();
    const client = connect(stage);
    const chat = new ContextChat({ client, storage: null, prompt: 'support' });
    const asking = chat.send('one');
    await eventually(() => chat.getState().status === 'streaming');
    client.close();
    await asking;
    chat.clear();
    await eventually(async () => (await stage.runs()).join() === 'STOPPED');
  });

  it('is joined where its run was not known yet', async () => {
    await using stage = await Stage.set();
    const client = connect(stage);
    const onCreate = stage.gateway.onCreate;
    stage.gateway.onCreate = (...call) => {
      client.close();
      onCreate(...call);
    };
    const chat = new ContextChat({ client, storage: null, prompt: 'support' });
    await chat.send('one');
    expect(chat.getState().status).toBe('error');
    await chat.regenerate();
    expect(textsOf(chat)).toEqual(['one', 'Hi 您好😀']);
    expect(stage.asked).toHaveLength(1);
  });
});

describe('a chat with two views', () => {
  it('is watched until the last of them has left', async () => {
    await using stage = await Stage.set();
    stage.hold();
    const chat = stage.open();
    const leave = chat.attach();
    const asking = chat.send('one');
    await eventually(() => chat.getState().status === 'streaming');
    leave();
    leave();
    stage.write('there');
    stage.end();
    await asking;
    expect(textsOf(chat)).toEqual(['one', 'Hi there']);
    expect(chat.getState().status).toBe('ready');
  });
});

describe('a chat after a reload', () => {
  it('has its messages', async () => {
    await using stage = await Stage.set();
    await stage.open().send('one');
    expect(textsOf(stage.open())).toEqual(['one', 'Hi 您好😀']);
  });

  it('goes on with the answer that was coming, with no gap and no repeat', async () => {
    await using stage = await Stage.set();
    stage.hold();
    const chat = new ContextChat({ client: stage.client, storage: stage.storage, prompt: 'support' });
    const leave = chat.attach();
    void chat.send('one');
    await eventually(() => chat.getState().status === 'streaming');
    leave();
    stage.write('there');
    const reloaded = stage.open();
    await eventually(() => textsOf(reloaded)[1] === 'Hi there');
    stage.write('!');
    stage.end();
    await eventually(() => reloaded.getState().status === 'ready');
    expect(textsOf(reloaded)).toEqual(['one', 'Hi there!']);
    expect(stage.asked).toHaveLength(1);
  });

  it('joins the run whose id had not come yet', async () => {
    await using stage = await Stage.set();
    const chat = new ContextChat({ client: stage.client, storage: stage.storage, prompt: 'support' });
    let leave = () => {};
    const onCreate = stage.gateway.onCreate;
    stage.gateway.onCreate = (...call) => {
      leave();
      onCreate(...call);
    };
    leave = chat.attach();
    await chat.send('one');
    const reloaded = stage.open();
    await eventually(() => reloaded.getState().status === 'ready');
    expect(textsOf(reloaded)).toEqual(['one', 'Hi 您好😀']);
    expect(stage.asked).toHaveLength(1);
  });

  it('says that the connection was lost where the server keeps no runs', async () => {
    await using stage = await Stage.set({ RUNS: 'off' });
    stage.hold();
    const chat = new ContextChat({ client: stage.client, storage: stage.storage, prompt: 'support' });
    const leave = chat.attach();
    void chat.send('one');
    await eventually(() => chat.getState().status === 'streaming');
    leave();
    const reloaded = stage.open();
    expect(reloaded.getState()).toMatchObject({ status: 'error', error: { code: 'NETWORK_ERROR' } });
    stage.gateway.onChat = (response) => beginStream(response).end(STREAM);
    await reloaded.regenerate();
    expect(textsOf(reloaded)).toEqual(['one', 'Hi 您好😀']);
  });

  it('keeps the text it had where the run is gone', async () => {
    await using stage = await Stage.set();
    const message = {
      id: 'b',
      role: 'assistant',
      content: 'Hi ',
      state: 'streaming',
      run: { idempotencyKey: 'k', id: 'gone' },
    };
    stage.storage.setItem('context-chat:support', JSON.stringify([message]));
    const chat = stage.open();
    await eventually(() => chat.getState().status === 'error');
    expect(chat.getState().error).toMatchObject({ code: 'RUN_NOT_FOUND' });
    expect(textsOf(chat)).toEqual(['Hi ']);
  });

  it('begins anew where it was cleared, or its storage holds something else', async () => {
    await using stage = await Stage.set();
    const chat = stage.open();
    await chat.send('one');
    chat.clear();
    expect(stage.storage.items.size).toBe(0);
    stage.storage.setItem('context-chat:support', '{"a":1}');
    expect(textsOf(stage.open())).toEqual([]);
  });

  it('shares no storage with others on a server, whose runtime has one', async () => {
    await using stage = await Stage.set();
    const own = Object.getOwnPropertyDescriptor(globalThis, 'sessionStorage');
    Object.defineProperty(globalThis, 'sessionStorage', { value: stage.storage, configurable: true });
    try {
      await new ContextChat({ client: stage.client, prompt: 'support' }).send('one');
      expect(textsOf(new ContextChat({ client: stage.client, prompt: 'support' }))).toEqual([]);
    } finally {
      Reflect.deleteProperty(globalThis, 'sessionStorage');
      if (own) Object.defineProperty(globalThis, 'sessionStorage', own);
    }
  });

  it('works without a storage, and with one that is full', async () => {
    await using stage = await Stage.set();
    const full: ChatStorage = {
      getItem: () => null,
      removeItem: () => {},
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
    };
    for (const storage of [null, full, undefined]) {
      const chat = new ContextChat({ client: stage.client, storage, prompt: 'support' });
      await chat.send('one');
      expect(chat.getState().status).toBe('ready');
    }
  });
});
