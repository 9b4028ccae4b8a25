import { readdirSync, readFileSync } from 'node:fs';
import {
  ChatDocument,
  ChatStreamDocument,
  type ChatStreamSubscription,
  ContextsDocument,
  CreateContextDocument,
  type CreateContextInput,
  createContextCacheClient,
  ForgetContextDocument,
} from 'graphql-context-cache-client';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import * as client from '../../examples/recipes/client.js';
import { Chat } from '../../examples/recipes/react.js';
import { readDocument } from '../docs/documents.js';
import { Cable } from '../support/cable.js';
import { beginStream, chunk } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { PromptFiles, promptGateway } from '../support/prompts.js';
import { LIBRARIES, type Library } from '../support/recipes.js';
import { TestServer } from '../support/server.js';

const PERSONA: CreateContextInput = {
  model: 'Doubao-1.5-pro-32k',
  messages: [{ role: 'SYSTEM', content: 'You are a friendly clerk.' }],
  mode: 'SESSION',
  ttl: 3600,
};
const HELLO = { messages: [{ role: 'USER' as const, content: 'hello' }] };

type Event = ChatStreamSubscription['chatStream'];

/** Where a stream ended, and what came before. `onEvent` may close it. */
function stream(library: Library, input: object, onEvent = (_event: Event, _close: () => void) => {}) {
  const events: Event[] = [];
  return new Promise<{ events: Event[]; error?: unknown }>((resolve) => {
    const leave = () => {
      close();
      resolve({ events });
    };
    const close = library.subscribe(
      ChatStreamDocument as never,
      { input },
      {
        next: ({ chatStream }: ChatStreamSubscription) => {
          events.push(chatStream);
          onEvent(chatStream, leave);
        },
        error: (error) => resolve({ events, error }),
        complete: () => resolve({ events }),
      },
    );
  });
}

async function createContext(library: Library): Promise<string> {
  const { createContext } = await library.mutate(CreateContextDocument, { input: PERSONA });
  return createContext.id;
}

const textOf = (events: Event[]) =>
  events.map((event) => (event.__typename === 'ChatDelta' ? event.content : '')).join('');

/** A gateway whose streams say 'Hi ' and then nothing, until `end`. */
async function gatewayThatHolds() {
  const gateway = await promptGateway();
  const held = { gateway, end: () => {}, closed: false };
  gateway.onChat = (response) => {
    beginStream(response).write(chunk({ role: 'assistant', content: 'Hi ' }));
    held.end = () => response.destroy();
    response.on('close', () => {
      held.closed = true;
    });
  };
  return held;
}

describe.each(LIBRARIES)('the recipe of %s', (_, connect) => {
  it('creates a context, chats with it and streams', async () => {
    await using server = await TestServer.start();
    const library = connect(server.url);
    const contextId = await createContext(library);
    const { chat } = await library.mutate(ChatDocument, { input: { contextId, ...HELLO } });
    expect(chat.choices[0]?.message.content).not.toBe('');
    const { events } = await stream(library, { contextId, ...HELLO });
    expect(events.length).toBeGreaterThan(2);
    expect(events.at(-1)).toMatchObject({
      __typename: 'ChatDone',
      usage: { promptTokensDetails: { cachedTokens: expect.any(Number) } },
    });
  });

  it('streams by the name of a prompt', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    await using server = await TestServer.before(gateway, files.env);
    const { events } = await stream(connect(server.url), { prompt: 'support', ...HELLO });
    expect(textOf(events)).toBe('Hi 您好😀');
    expect(events.at(-1)).toMatchObject({ __typename: 'ChatDone', cache: { status: 'CREATED' } });
  });

  it('reads the code of a refusal', async () => {
    await using server = await TestServer.start({ RATE_LIMIT_CHATS_PER_MINUTE: '1' });
    const library = connect(server.url);
    const input = { contextId: await createContext(library), ...HELLO };
    await library.mutate(ChatDocument, { input });
    const refused = library.mutate(ChatDocument, { input }).catch(library.codeOf);
    expect(await refused).toBe('RATE_LIMITED');
    const { events, error } = await stream(library, input);
    expect({ events, code: library.codeOf(error) }).toEqual({ events: [], code: 'RATE_LIMITED' });
  });

  it('brings its credential with operations and streams', async () => {
    await using gateway = await promptGateway();
    await using server = await TestServer.start({ GATEWAY_URL: gateway.url });
    const library = connect(server.url, { authorization: 'Bearer sk-mine' });
    await stream(library, { contextId: await createContext(library), ...HELLO });
    const credentials = gateway.standIn.seen.map(({ headers }) => headers.authorization);
    expect(credentials).toEqual(['Bearer sk-mine', 'Bearer sk-mine']);
  });

  it('keeps the text before a ChatFailure', async () => {
    const held = await gatewayThatHolds();
    await using gateway = held.gateway;
    await using server = await TestServer.before(gateway);
    const library = connect(server.url);
    const input = { contextId: await createContext(library), ...HELLO };
    const { events } = await stream(library, input, () => held.end());
    expect(textOf(events)).toBe('Hi ');
    expect(events.at(-1)).toMatchObject({ __typename: 'ChatFailure', code: 'GATEWAY_BAD_RESPONSE' });
  });

  it('ends an answer that is left, at the gateway too', async () => {
    const held = await gatewayThatHolds();
    await using gateway = held.gateway;
    await using server = await TestServer.before(gateway);
    const library = connect(server.url);
    const input = { contextId: await createContext(library), ...HELLO };
    await stream(library, input, (_event, leave) => leave());
    await eventually(() => held.closed);
    expect(gateway.contextChats).toHaveLength(1);
  });

  it('does not ask again where the connection is lost', async () => {
    const held = await gatewayThatHolds();
    await using gateway = held.gateway;
    await using server = await TestServer.before(gateway);
    await using cable = await Cable.to(server.origin, { isMended: true });
    const library = connect(`${cable.origin}/graphql`);
    const input = { contextId: await createContext(library), ...HELLO };
    const { error } = await stream(library, input, () => cable.cut());
    expect(library.codeOf(error)).toBe('NETWORK_ERROR');
    await eventually(() => held.closed);
    expect(gateway.contextChats).toHaveLength(1);
  });
});

describe('the client without a library', () => {
  afterEach(() => jest.restoreAllMocks());

  it('prints an answer, and what came from the cache', async () => {
    await using server = await TestServer.start({ PROMPTS: 'examples/prompts' });
    const { fetch } = globalThis;
    jest.spyOn(globalThis, 'fetch').mockImplementation((url, init) => {
      expect(url).toBe('http://127.0.0.1:4000/graphql');
      return fetch(server.url, init);
    });
    const said: unknown[] = [];
    jest.spyOn(console, 'log').mockImplementation((piece) => void said.push(piece));
    await import('../../examples/recipes/quick-start.js');
    expect(said.slice(0, -1).join('')).toContain('满多少元免运费？');
    expect(said.at(-1)).toBeGreaterThan(0);
  });

  it('streams over a WebSocket with a token, and shows the answer again', async () => {
    await using gateway = await promptGateway();
    using files = new PromptFiles();
    const env = { ...files.env, GATEWAY_URL: gateway.url };
    await using server = await TestServer.start(env);
    const connected = client.connect(server.url, async () => 'sk-mine');
    let text = '';
    const runId = await client.showAnswer(connected, { prompt: 'support', ...HELLO }, (piece) => {
      text += piece;
    });
    expect(await client.showAgain(connected, runId)).toBe(text);
    expect(text).toBe('Hi 您好😀');
    expect(gateway.standIn.seen.at(-1)?.headers.authorization).toBe('Bearer sk-mine');
  });

  it('creates a context again where it is gone, and runs where only trusted documents do', async () => {
    await using server = await TestServer.start({ TRUSTED_DOCUMENTS: 'schema/trusted-documents.json' });
    const connected = createContextCacheClient({ url: server.url });
    const conversation = new client.Conversation(connected, PERSONA);
    const { signal } = new AbortController();
    expect(await conversation.ask('hello', signal)).not.toBe('');
    const { data } = await server.run(ContextsDocument, { first: 1 });
    await server.run(ForgetContextDocument, { id: data.contexts.edges[0]?.node.id ?? '' });
    expect(await conversation.ask('hello', signal)).not.toBe('');
    expect(await client.hitRates(connected)).toEqual([expect.any(Number)]);
  });

  it('waits as long as a rate limit says', async () => {
    await using gateway = await promptGateway();
    const { onChat } = gateway;
    gateway.onChat = (response) => {
      gateway.onChat = onChat;
      response.writeHead(429, { 'retry-after': '1' }).end('{}');
    };
    await using server = await TestServer.before(gateway);
    const conversation = new client.Conversation(createContextCacheClient({ url: server.url }), PERSONA);
    const began = performance.now();
    expect(await conversation.ask('hello', new AbortController().signal)).toBe('Hi 您好😀');
    expect(performance.now() - began).toBeGreaterThan(990);
    expect(gateway.contextChats).toHaveLength(2);
  });
});

describe('the recipe of React', () => {
  it('renders on a server as an empty chat', () => {
    const html = renderToString(createElement(Chat));
    expect(html).toMatch(/aria-label="Your question"/);
    expect(html).not.toMatch(/Stop|Try again/);
  });
});

describe('docs/recipes.md', () => {
  it('has the same configuration of codegen as the client’s page', () => {
    const [ours, theirs] = ['docs/recipes.md', 'client/README.md'].map((path) =>
      readDocument(path).blocks.filter(({ language }) => language === 'yaml'),
    );
    expect(ours).toHaveLength(1);
    expect(theirs).toEqual(ours);
  });

  it('shows every recipe, and what each begins with: how to install what it needs', () => {
    const { links, blocks } = readDocument('docs/recipes.md');
    for (const file of readdirSync('examples/recipes')) {
      expect(links).toContain(`../examples/recipes/${file}`);
      const source = readFileSync(`examples/recipes/${file}`, 'utf8');
      const [install] = /npm install .+?(?=\n| \*\/)/.exec(source.split('import')[0] ?? '') ?? [];
      expect(blocks).toContainEqual({ language: 'bash', text: install });
    }
  });
});
