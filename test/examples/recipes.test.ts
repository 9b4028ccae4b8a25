import { readdirSync, readFileSync } from 'node:fs';
import {
  ChatRunsDocument,
  ContextsDocument,
  type CreateContextInput,
  ForgetContextDocument,
  StopChatDocument,
} from 'graphql-context-cache-client';
import {
  AnswerBroke,
  ContextCacheError,
  type ContextClient,
  Conversation,
  PromptConversation,
  streamResuming,
} from '../../examples/recipes/conversation.js';
import { createFetchClient } from '../../examples/recipes/fetch.js';
import { readDocument } from '../docs/documents.js';
import { Cable } from '../support/cable.js';
import { beginStream, CHAT_ANSWER, chunk } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { PromptFiles, promptGateway } from '../support/prompts.js';
import { RECIPES } from '../support/recipes.js';
import { TestServer } from '../support/server.js';
import { CREATED, json, StandIn } from '../support/stand-in.js';

const PERSONA: CreateContextInput = {
  model: 'Doubao-1.5-pro-32k',
  messages: [{ role: 'SYSTEM', content: 'You are a friendly clerk.' }],
  mode: 'SESSION',
  ttl: 3600,
};

const idsOf = async (server: TestServer) => {
  const { data } = await server.run(ContextsDocument, { first: 10 });
  return data.contexts.edges.map(({ node }) => node.id);
};

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error) => error,
  );
}

/** A gateway whose streams say 'Hi ' and then nothing, until `end`. */
async function gatewayThatHolds() {
  const gateway = await StandIn.start((response, { url }) => {
    if (url?.endsWith('/create')) return json(response, 200, CREATED);
    beginStream(response).write(chunk({ role: 'assistant', content: 'Hi ' }));
    held.end = () => response.destroy();
    response.on('close', () => {
      held.closed = true;
    });
  });
  const held = { gateway, end: () => {}, closed: false };
  return held;
}

describe.each(RECIPES)('the recipe of %s', (_, connect) => {
  /** Asks, and does something to the answer once its first words are there. */
  async function askAnd(disturb: () => void, client: ContextClient, signal?: AbortSignal) {
    let text = '';
    const onText = (piece: string) => {
      text += piece;
      disturb();
    };
    const failure = await failureOf(new Conversation(client, PERSONA).askStreaming('hello', onText, signal));
    return { failure, text };
  }

  it('creates a context, chats with it and streams', async () => {
    await using server = await TestServer.start();
    const conversation = new Conversation(connect(server.url), PERSONA);
    expect(await conversation.ask('Where is my parcel?')).not.toBe('');
    const pieces: string[] = [];
    const { usage } = await conversation.askStreaming('May I send it back?', (text) => pieces.push(text));
    expect(pieces.length).toBeGreaterThan(1);
    expect(usage?.promptTokensDetails?.cachedTokens).toBeGreaterThan(0);
    expect(await idsOf(server)).toHaveLength(1);
  });

  it('chats and streams by the name of a prompt, and sends the conversation so far', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    const conversation = new PromptConversation(connect(server.url), 'support');
    expect(await conversation.ask('one')).toBe('您好');
    const { cache } = await conversation.askStreaming('two', () => {});
    expect(cache).toMatchObject({ status: 'USED', reason: null });
    await conversation.ask('three');
    expect(JSON.parse(gateway.contextChats.at(-1)?.body ?? '').messages).toEqual([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: '您好' },
      { role: 'user', content: 'two' },
      { role: 'assistant', content: 'Hi 您好😀' },
      { role: 'user', content: 'three' },
    ]);
    expect(await idsOf(server)).toEqual([]);
  });

  it('creates the context again where it is gone', async () => {
    await using server = await TestServer.start();
    const conversation = new Conversation(connect(server.url), PERSONA);
    const forget = async () => {
      const [id = ''] = await idsOf(server);
      await server.run(ForgetContextDocument, { id });
      return id;
    };
    await conversation.ask('hello');
    const first = await forget();
    expect(await conversation.ask('hello')).not.toBe('');
    const second = await forget();
    await conversation.askStreaming('hello', () => {});
    expect(new Set([first, second, ...(await idsOf(server))]).size).toBe(3);
  });

  it('says how long to wait where it was too quick', async () => {
    await using server = await TestServer.start({ RATE_LIMIT_CHATS_PER_MINUTE: '1' });
    const client = connect(server.url);
    const { id: contextId } = await client.createContext(PERSONA);
    const input = { contextId, messages: [{ content: 'hello' }] };
    await client.chat(input);
    for (const refused of [client.chat(input), client.chatStream(input, () => {})]) {
      const failure = await failureOf(refused);
      expect(failure).toBeInstanceOf(ContextCacheError);
      expect(failure).toMatchObject({ extensions: { code: 'RATE_LIMITED', retryAfter: expect.any(Number) } });
    }
  });

  it('brings its credential', async () => {
    await using gateway = await StandIn.start((response) =>
      json(response, 401, { error: { message: 'no' } }),
    );
    await using server = await TestServer.start({ GATEWAY_URL: gateway.url });
    const failure = await failureOf(connect(server.url, 'Bearer sk-mine').createContext(PERSONA));
    expect(failure).toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
    expect(gateway.seen[0]?.headers.authorization).toBe('Bearer sk-mine');
  });

  it('keeps the text before a ChatFailure', async () => {
    const held = await gatewayThatHolds();
    await using gateway = held.gateway;
    await using server = await TestServer.before(gateway);
    const { failure, text } = await askAnd(() => held.end(), connect(server.url));
    expect(failure).toBeInstanceOf(AnswerBroke);
    expect(failure).toMatchObject({
      failure: { code: 'GATEWAY_BAD_RESPONSE', retryable: expect.any(Boolean) },
    });
    expect(text).toBe('Hi ');
  });

  it('ends an answer that is cancelled, at the gateway too', async () => {
    const held = await gatewayThatHolds();
    await using gateway = held.gateway;
    await using server = await TestServer.before(gateway);
    const controller = new AbortController();
    const cancel = () => controller.abort();
    const { failure } = await askAnd(cancel, connect(server.url), controller.signal);
    expect(failure).toMatchObject({ name: 'AbortError' });
    await eventually(() => held.closed);
    expect(gateway.seen).toHaveLength(2);
  });

  it('resumes an answer that goes on after a lost connection', async () => {
    await using gateway = await promptGateway();
    let answer = (_text: string): void => undefined;
    gateway.onChat = (response) => {
      beginStream(response);
      answer = (text) => void response.write(chunk({ content: text }));
      answer('Hi ');
    };
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    await using cable = await Cable.to(server.origin, { isMended: true });
    let text = '';
    const input = { prompt: 'support', messages: [{ role: 'USER' as const, content: 'hello' }] };
    const failure = failureOf(
      streamResuming(connect(`${cable.origin}/graphql`), input, (piece) => {
        text += piece;
        if (text === 'Hi ') {
          cable.cut();
          answer('there');
        }
      }),
    );
    await eventually(() => text === 'Hi there');
    const { data } = await server.run(ChatRunsDocument, {});
    await server.run(StopChatDocument, { runId: data.chatRuns[0]?.id ?? '' });
    expect(await failure).toMatchObject({ failure: { code: 'CANCELLED' } });
    expect(text).toBe('Hi there');
    expect(data.chatRuns).toHaveLength(1);
  });

  it('fails where the connection is lost in the middle of an answer', async () => {
    const held = await gatewayThatHolds();
    await using gateway = held.gateway;
    await using server = await TestServer.before(gateway);
    await using cable = await Cable.to(server.origin);
    const { failure, text } = await askAnd(() => cable.cut(), connect(`${cable.origin}/graphql`));
    expect(failure).toBeDefined();
    expect(failure).not.toBeInstanceOf(ContextCacheError);
    expect(text).toBe('Hi ');
  });
});

describe('a conversation', () => {
  it('waits as long as it is told to, and asks once more', async () => {
    let asked = 0;
    await using gateway = await StandIn.start((response, { url }) => {
      if (url?.endsWith('/create')) return json(response, 200, CREATED);
      asked++;
      if (asked === 1) json(response, 429, { error: { message: 'slow down' } }, { 'retry-after': '1' });
      else json(response, 200, CHAT_ANSWER);
    });
    await using server = await TestServer.before(gateway);
    const began = performance.now();
    expect(await new Conversation(createFetchClient(server.url), PERSONA).ask('hello')).toBe('您好');
    expect(performance.now() - began).toBeGreaterThan(990);
    expect(asked).toBe(2);
  });

  it('runs where only trusted documents do', async () => {
    await using server = await TestServer.start({ TRUSTED_DOCUMENTS: 'schema/trusted-documents.json' });
    const conversation = new Conversation(createFetchClient(server.url), PERSONA);
    expect(await conversation.ask('hello')).not.toBe('');
    await conversation.askStreaming('hello', () => {});
    const { errors } = await server.query('{ models { id } }');
    expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });
});

describe('docs/recipes.md', () => {
  const flat = (text: string) => text.replaceAll(/^ +/gm, '').trim();
  const sources = readdirSync('examples/recipes').map((file) =>
    flat(readFileSync(`examples/recipes/${file}`, 'utf8')),
  );
  const { blocks, links } = readDocument('docs/recipes.md');

  it('quotes the recipes as they are', () => {
    const quotes = blocks.filter(({ language }) => language === 'ts').map(({ text }) => flat(text));
    expect(quotes.length).toBeGreaterThan(0);
    expect(quotes.filter((quote) => !sources.some((source) => source.includes(quote)))).toEqual([]);
  });

  it('shows every recipe', () => {
    for (const file of readdirSync('examples/recipes'))
      expect(links).toContain(`../examples/recipes/${file}`);
  });
});
