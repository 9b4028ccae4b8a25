import {
  ChatRunsDocument,
  CreateContextDocument,
  type CreateContextInput,
  createContextCacheClient,
} from 'graphql-context-cache-client';
import { AiChat } from '../support/ai-chat.js';
import { Cable } from '../support/cable.js';
import { beginStream, chunk, DONE, USAGE } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { PromptFiles, promptGateway } from '../support/prompts.js';
import { TestServer } from '../support/server.js';

/** A server with the prompt `support`, before a gateway whose answers grow as a test says. */
async function setUp(env: Record<string, string> = {}) {
  const gateway = await promptGateway();
  const files = new PromptFiles();
  const server = await TestServer.before(gateway, { ...files.env, ...env });
  const held = {
    gateway,
    server,
    isClosed: false,
    say: (_text: string) => {},
    end: () => {},
    /** Of the last chat, as the gateway got it. */
    asked: () => JSON.parse(gateway.contextChats.at(-1)?.body ?? '').messages,
    runs: async () => (await server.run(ChatRunsDocument, {})).data.chatRuns,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      files[Symbol.dispose]();
    },
  };
  gateway.onChat = (response) => {
    beginStream(response).write(chunk({ role: 'assistant', reasoning_content: 'hm' }));
    held.say = (text) => void response.write(chunk({ content: text }));
    held.end = () => void response.end(chunk({}, 'stop') + USAGE + DONE);
    response.on('close', () => {
      held.isClosed = true;
    });
    held.say('Hi ');
  };
  return held;
}

describe('the recipe of the AI SDK', () => {
  it('streams reasoning and text, and says what came from the cache', async () => {
    await using held = await setUp();
    const chat = new AiChat(held.server.url);
    const sent = chat.sendMessage({ text: 'one' });
    await eventually(() => chat.status === 'streaming' && chat.said.text === 'Hi ');
    expect(chat.status).toBe('streaming');
    held.say('there');
    held.end();
    await sent;
    expect(chat.status).toBe('ready');
    expect(chat.said).toEqual({ reasoning: 'hm', text: 'Hi there' });
    expect(chat.lastMessage?.parts.map((part) => 'state' in part && part.state)).toEqual(['done', 'done']);
    expect(chat.lastMessage?.metadata).toEqual({
      promptTokens: 20,
      cachedTokens: 8,
      completionTokens: 3,
      cacheStatus: 'CREATED',
    });
  });

  it('sends the conversation so far with a prompt, and only the question to a session', async () => {
    await using held = await setUp();
    const { server } = held;
    const input: CreateContextInput = {
      model: 'Doubao-1.5-pro-32k',
      messages: [{ role: 'SYSTEM', content: 'You are a friendly clerk.' }],
      mode: 'SESSION',
    };
    const { data } = await server.run(CreateContextDocument, { input });
    const session = { contextId: data.createContext.id, mode: 'SESSION' as const };
    for (const [target, roles] of [
      [{ prompt: 'support' }, ['user', 'assistant', 'user']],
      [session, ['user']],
    ] as const) {
      const chat = new AiChat(server.url, target);
      for (const text of ['one', 'two']) {
        const sent = chat.sendMessage({ text });
        await eventually(() => chat.status === 'streaming' && chat.said.text === 'Hi ');
        held.end();
        await sent;
      }
      expect(held.asked().map(({ role }: { role: string }) => role)).toEqual(roles);
      expect(held.asked().at(-1)).toEqual({ role: 'user', content: 'two' });
    }
  });

  it('has the code in the message of its error, before an answer and in its middle', async () => {
    await using held = await setUp({ RATE_LIMIT_CHATS_PER_MINUTE: '1' });
    const chat = new AiChat(held.server.url);
    held.gateway.onChat = (response) => {
      beginStream(response).write(chunk({ content: 'Hi ' }), () => response.destroy());
    };
    await chat.sendMessage({ text: 'one' });
    expect([chat.status, chat.error?.message]).toEqual(['error', expect.stringMatching(/^GATEWAY_\w+: ./)]);
    expect(chat.said.text).toBe('Hi ');
    await chat.sendMessage({ text: 'two' });
    expect([chat.status, chat.error?.message]).toEqual(['error', expect.stringMatching(/^RATE_LIMITED: ./)]);
  });

  it('stops the run at the server', async () => {
    await using held = await setUp();
    const chat = new AiChat(held.server.url);
    void chat.sendMessage({ text: 'one' });
    await eventually(() => chat.status === 'streaming' && chat.said.text === 'Hi ');
    await chat.stop();
    expect([chat.status, chat.said.text]).toEqual(['ready', 'Hi ']);
    await eventually(async () => held.isClosed && (await held.runs())[0]?.status === 'STOPPED');
  });

  it('stops the run where its id has not come yet', async () => {
    await using held = await setUp();
    let isAsked = false;
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const client = createContextCacheClient({
      url: held.server.url,
      async fetch(...request) {
        const response = await fetch(...request);
        isAsked = true;
        await released;
        return response;
      },
    });
    const chat = new AiChat('', { client, prompt: 'support' });
    void chat.sendMessage({ text: 'one' });
    await eventually(() => isAsked);
    await chat.stop();
    expect([chat.status, (await held.runs())[0]?.status]).toEqual(['ready', 'RUNNING']);
    release();
    await eventually(async () => (await held.runs())[0]?.status === 'STOPPED');
  });

  it('goes on with an answer after a lost connection, without a gap or a repeat', async () => {
    await using held = await setUp();
    await using cable = await Cable.to(held.server.origin, { isMended: true });
    const chat = new AiChat(`${cable.origin}/graphql`);
    const sent = chat.sendMessage({ text: 'one' });
    await eventually(() => chat.status === 'streaming' && chat.said.text === 'Hi ');
    cable.cut();
    held.say('there');
    held.end();
    await sent;
    expect(chat.said).toEqual({ reasoning: 'hm', text: 'Hi there' });
    expect(chat.messages).toHaveLength(2);
  });

  it('reconnects after a reload, also where that is asked for twice, without a gap or a repeat', async () => {
    await using held = await setUp();
    const runs = new Map<string, string>();
    const before = new AiChat(held.server.url, { prompt: 'support', runs });
    const sent = before.sendMessage({ text: 'one' });
    await eventually(() => before.said.text === 'Hi ');
    const after = new AiChat(held.server.url, { prompt: 'support', runs }, before.messages);
    // As React's strict mode does.
    void after.resumeStream();
    const resumed = after.resumeStream();
    await eventually(() => after.status === 'streaming');
    held.say('there');
    held.end();
    await Promise.all([sent, resumed]);
    for (const chat of [before, after]) {
      expect(chat.said).toEqual({ reasoning: 'hm', text: 'Hi there' });
      expect(chat.messages).toHaveLength(2);
    }
    expect((await held.runs()).map(({ status }) => status)).toEqual(['DONE']);
  });

  it('has nothing to reconnect to where no answer is coming', async () => {
    await using held = await setUp();
    const chat = new AiChat(held.server.url);
    await chat.resumeStream();
    expect([chat.status, chat.messages]).toEqual(['ready', []]);
  });
});
