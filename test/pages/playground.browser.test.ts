import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { collectProblems, launchBrowser } from '../support/browser.js';
import { beginStream, chunk, DONE, USAGE } from '../support/chat-answers.js';
import { eventually } from '../support/eventually.js';
import { serverHolding } from '../support/holding.js';
import { CHROMIUM, describeWith } from '../support/programs.js';
import { TestServer } from '../support/server.js';
import { StandIn } from '../support/stand-in.js';
import { CHAT_STREAM } from '../support/streams.js';

/** Milliseconds between two questions to a page, which has other things to do. */
const POLL_MS = 100;
const EXECUTE = '.graphiql-execute-button';
const STOP = '.graphiql-execute-button[aria-label^="Stop"]';
const RESPONSE = '.result-window';
const TABS = '.graphiql-tab-button';
const EXAMPLES = [
  'CreateContext',
  'Chat',
  'ChatStream',
  'Models',
  'Contexts',
  'CacheReport',
  'Context',
  'Prompts',
  'ChatByName',
  'ResumeChat',
  'ChatRuns',
  'StopChat',
  'CachingAdvice',
  'ForgetContext',
];

type Editor = 'operation' | 'variables' | 'request-headers' | 'response';

/** The page, in the parts that the tests use; GraphiQL leaves its editor, Monaco, in a global. */
interface Model {
  uri: { path: string };
  getValue(): string;
  setValue(text: string): void;
}
declare const __MONACO: {
  editor: {
    getModels(): Model[];
    getModelMarkers(filter: object): { message: string; resource: { path: string } }[];
  };
};
declare const localStorage: { getItem(key: string): string; setItem(key: string, value: string): void };

/** Forwards one path, under which it shows the server's own. */
async function proxyOf(server: { url: string }, path: string): Promise<{ url: string } & AsyncDisposable> {
  const proxy = createServer((incoming, response) => {
    const [asked, query] = incoming.url?.split('?') ?? [];
    if (asked !== path) return void response.writeHead(404).end();
    const { method = 'GET', headers } = incoming;
    const sent = request(`${server.url}?${query ?? ''}`, { method, headers }, (answer) =>
      answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers)),
    );
    incoming.pipe(sent);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    [Symbol.asyncDispose]: async () => {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

describeWith(CHROMIUM)('the playground in a browser without a network', () => {
  let browser: Browser;
  let server: TestServer;
  beforeAll(async () => {
    browser = await launchBrowser();
    server = await TestServer.start();
  });
  afterAll(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
  });

  async function open(url: string): Promise<{ page: Page; problems: string[] } & AsyncDisposable> {
    const page = await browser.newPage();
    const problems = collectProblems(page);
    await page.goto(url);
    await page.waitForSelector(EXECUTE);
    return { page, problems, [Symbol.asyncDispose]: () => page.close() };
  }

  async function reload(page: Page): Promise<void> {
    await page.reload();
    await page.waitForSelector(EXECUTE);
    await eventually(async () => (await textIn(page, 'operation')) !== '', POLL_MS);
  }

  const titles = (page: Page) => page.locator(TABS).allTextContents();
  const activeTitle = (page: Page) => page.locator(`.graphiql-tab-active ${TABS}`).textContent();
  const select = (page: Page, title: string) =>
    page.locator(TABS, { hasText: new RegExp(`^${title}$`) }).click();

  const textIn = (page: Page, editor: Editor): Promise<string> =>
    page.evaluate(
      (name) =>
        __MONACO.editor
          .getModels()
          .find(({ uri }) => uri.path.includes(`-${name}.`))
          ?.getValue() ?? '',
      editor,
    );

  async function write(page: Page, editor: Editor, text: string): Promise<void> {
    await page.evaluate(
      ([name, value]) =>
        __MONACO.editor
          .getModels()
          .find(({ uri }) => uri.path.includes(`-${name}.`))
          ?.setValue(value),
      [editor, text] as const,
    );
  }

  /** Until it is answered: GraphiQL reads the operation of a tab a moment after it is shown. Monaco draws only what is in view. */
  const execute = (page: Page, isAnswered: (response: string) => boolean) =>
    eventually(async () => {
      if (isAnswered(await textIn(page, 'response'))) return true;
      if ((await page.locator(STOP).count()) === 0) await page.click(EXECUTE);
      return false;
    }, POLL_MS);

  /** GraphiQL stores its tabs half a second after an edit. */
  const untilStored = (page: Page, text: string) =>
    eventually(
      () => page.evaluate((part) => localStorage.getItem('graphiql:tabState').includes(part), text),
      POLL_MS,
    );

  it('creates a context in its first tab, and opens every other tab at one click', async () => {
    await using opened = await open(server.url);
    const { page, problems } = opened;
    await page.click(EXECUTE);
    await page.waitForSelector(`${RESPONSE} >> text=/ctx-\\d+/`);
    expect(await titles(page)).toEqual(EXAMPLES);
    for (const title of EXAMPLES.toReversed()) {
      await select(page, title);
      expect(await activeTitle(page)).toBe(title);
      expect(await textIn(page, 'operation')).toMatch(new RegExp(`^\\w+ ${title}\\b`, 'm'));
    }
    expect(problems).toEqual([]);
  });

  it('works behind a proxy that forwards one path only, and another one than the server has', async () => {
    await using proxy = await proxyOf(server, '/llm/cache');
    await using opened = await open(proxy.url);
    const { page, problems } = opened;
    await page.click(EXECUTE);
    await page.waitForSelector(`${RESPONSE} >> text=/ctx-\\d+/`);
    await provoke(page, 'operation', (example) => `${example}\n{ noSuchField }`, 'noSuchField');
    expect(problems).toEqual([]);
  });

  it('loads its code once', async () => {
    await using opened = await open(server.url);
    const { page } = opened;
    const transferred = () =>
      page.evaluate(() => {
        const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
        const scripts = entries.filter(({ name }) => name.includes('.js'));
        return scripts.filter(({ transferSize }) => transferSize > 0).map(({ name }) => name);
      });
    const first = await transferred();
    expect(first).toContainEqual(expect.stringContaining('asset=graphiql-'));
    await reload(page);
    // A worker that a slow browser had not loaded before may come now.
    const again = new Set(await transferred());
    expect(first.filter((name) => again.has(name))).toEqual([]);
  });

  it('has the id of a new context in the other tabs, also after a reload, but not where somebody wrote another', async () => {
    await using opened = await open(server.url);
    const { page, problems } = opened;
    const create = async () => {
      await select(page, 'CreateContext');
      const before = await textIn(page, 'response');
      await execute(page, (response) => response !== before && response.includes('"ctx-'));
      return /ctx-[\d-]+/.exec(await textIn(page, 'response'))?.[0] ?? '';
    };
    const first = await create();
    await select(page, 'Chat');
    await eventually(
      async () => (await textIn(page, 'variables')).includes(`"contextId": "${first}"`),
      POLL_MS,
    );
    await execute(page, (response) => response.includes('cachedTokens'));

    await select(page, 'Context');
    await eventually(async () => (await textIn(page, 'variables')).includes(first), POLL_MS);
    await write(page, 'variables', '{ "id": "mine" }');
    await untilStored(page, 'mine');
    const second = await create();
    await select(page, 'Chat');
    await eventually(async () => (await textIn(page, 'variables')).includes(second), POLL_MS);
    await untilStored(page, second);
    await reload(page);
    await select(page, 'ChatStream');
    await eventually(async () => (await textIn(page, 'variables')).includes(second), POLL_MS);
    await select(page, 'Context');
    expect(await textIn(page, 'variables')).toBe('{ "id": "mine" }');
    expect(await titles(page)).toEqual(EXAMPLES);
    expect(problems).toEqual([]);
  });

  it('has a history that survives a reload and opens an operation with its variables', async () => {
    await using opened = await open(server.url);
    const { page, problems } = opened;
    const menu = page.getByRole('combobox', { name: 'History' });
    await select(page, 'Models');
    await execute(page, (response) => response.includes('Doubao'));
    await select(page, 'Contexts');
    await write(page, 'variables', '{ "first": 7 }');
    await execute(page, (response) => response.includes('hasNextPage'));
    await write(page, 'variables', '{ "first": 8 }');
    await untilStored(page, '\\"first\\": 8');
    await reload(page);
    expect(await menu.locator('option').allTextContents()).toEqual([
      'History',
      'Contexts { "first": 7 }',
      'Models {}',
    ]);
    await menu.selectOption('Contexts { "first": 7 }');
    await page.waitForURL(/query=/);
    await page.waitForSelector(EXECUTE);
    await eventually(async () => (await textIn(page, 'variables')).includes('"first": 7'), POLL_MS);
    expect(await activeTitle(page)).toBe('Contexts');
    expect(await titles(page)).toEqual([...EXAMPLES, 'Contexts']);
    expect(problems).toEqual([]);
  });

  it('is usable on a narrow screen', async () => {
    await using opened = await open(server.url);
    const { page } = opened;
    await page.setViewportSize({ width: 375, height: 700 });
    await page.click(EXECUTE);
    await page.waitForSelector(`${RESPONSE} >> text=/ctx-\\d+/`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(375);
    for (const part of ['.graphiql-query-editor', '.graphiql-editor-tool', '.graphiql-response']) {
      const shown = page.locator(part).first();
      await shown.scrollIntoViewIfNeeded();
      const box = await shown.boundingBox();
      expect({ part, isWide: (box?.width ?? 0) > 250 }).toEqual({ part, isWide: true });
    }
    await page.locator(TABS).last().click();
    expect(await activeTitle(page)).toBe('ForgetContext');
  });

  it('keeps tabs and edits over reloads, beside the examples of a newer server', async () => {
    await using opened = await open(server.url);
    const { page } = opened;
    await select(page, 'Contexts');
    await write(page, 'variables', '{ "first": 7 }');
    await untilStored(page, '\\"first\\": 7');
    await select(page, 'Models');
    await write(page, 'operation', 'query Models { models { ownedBy } }');
    await untilStored(page, 'ownedBy } }');
    await reload(page);
    expect(await titles(page)).toEqual(EXAMPLES);
    expect(await activeTitle(page)).toBe('Models');
    expect(await textIn(page, 'operation')).toBe('query Models { models { ownedBy } }');
    await select(page, 'Contexts');
    expect(await textIn(page, 'variables')).toBe('{ "first": 7 }');

    await select(page, 'Models');
    await write(page, 'operation', 'query Mine { models { id } }');
    await eventually(() => page.url().includes('Mine'));
    await reload(page);
    expect(await textIn(page, 'operation')).toBe('query Mine { models { id } }');
    expect(await titles(page)).toHaveLength(EXAMPLES.length);

    await untilStored(page, 'Mine');
    await page.evaluate(() => {
      for (const key of ['context-cache:examples', 'graphiql:tabState']) {
        localStorage.setItem(key, localStorage.getItem(key).replaceAll('CacheReport', 'OldReport'));
      }
    });
    await reload(page);
    const shown = await titles(page);
    expect(shown.slice(0, EXAMPLES.length)).toEqual(EXAMPLES);
    // Both edited tabs.
    expect(shown).toHaveLength(EXAMPLES.length + 2);
  });

  it('opens one tab for a link, after a reload too', async () => {
    await using opened = await open(
      `${server.url}?query=${encodeURIComponent('query Linked { models { id } }')}`,
    );
    const { page } = opened;
    const expectLinkedTab = async () => {
      expect(await titles(page)).toEqual([...EXAMPLES, 'Linked']);
      expect(await activeTitle(page)).toBe('Linked');
      expect(await textIn(page, 'variables')).toBe('');
    };
    await expectLinkedTab();
    await untilStored(page, 'Linked');
    await reload(page);
    await expectLinkedTab();
  });

  it('offers a header for the credential, and stores none in the browser', async () => {
    await using server = await TestServer.start({ GATEWAY_URL: 'sandbox:', AUTH_MODE: 'passthrough' });
    await using opened = await open(server.url);
    const { page } = opened;
    expect(await textIn(page, 'request-headers')).toContain('Bearer your-key-or-token');
    await write(page, 'request-headers', '{ "Authorization": "Bearer sk-c4n4ry" }');
    await write(page, 'variables', '{ "edited": true }');
    await untilStored(page, 'edited');
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('c4n4ry');
    await reload(page);
    expect(await textIn(page, 'request-headers')).toContain('Bearer your-key-or-token');
  });

  const complaints = (page: Page) =>
    page.evaluate(() => __MONACO.editor.getModelMarkers({}).map(({ message }) => message));

  /** Makes an error and takes it back: both are seen once the editor has looked at the text, as it is again. */
  async function provoke(page: Page, editor: Editor, spoil: (text: string) => string, complaint: string) {
    const complains = async () => (await complaints(page)).join().includes(complaint);
    const text = await textIn(page, editor);
    await write(page, editor, spoil(text));
    await eventually(complains, POLL_MS);
    await write(page, editor, text);
    await eventually(async () => !(await complains()), POLL_MS);
  }

  it('underlines mistakes in the operation and its variables but not in the example, and completes inputs', async () => {
    await using opened = await open(server.url);
    const { page } = opened;
    await provoke(page, 'operation', (example) => `${example}\n{ noSuchField }`, 'noSuchField');
    await provoke(page, 'variables', () => '{}', 'Missing property "input"');
    expect(await complaints(page)).toEqual([]);
    await write(page, 'operation', '');
    await page.click('.graphiql-query-editor .view-lines');
    await page.keyboard.type('subscription { chatStream(input: {');
    // Until the schema is there, the editor offers the words of the document.
    await eventually(async () => {
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+Space');
      await page.waitForSelector('.suggest-widget.visible');
      return (await page.locator('.suggest-widget .monaco-list-row').allTextContents())
        .join()
        .includes('contextId');
    }, POLL_MS);
  });

  it('shows a stream as it comes, then its whole text and usage, and aborts it on Stop', async () => {
    await using gateway = await StandIn.start();
    await using server = await serverHolding(gateway);
    const upstreams: ServerResponse[] = [];
    gateway.answer = (response) => void upstreams.push(beginStream(response));
    const input = '{contextId: "ctx-1", model: "m", messages: [{role: USER, content: "hello"}]}';
    const query = CHAT_STREAM.replace('($input: ChatInput!)', '').replace('$input', input);
    await using opened = await open(`${server.url}?query=${encodeURIComponent(query)}`);
    const { page, problems } = opened;
    await page.click(EXECUTE);
    await eventually(() => upstreams.length === 1);
    upstreams[0]?.write(chunk({ content: 'first-piece' }));
    await page.waitForSelector(`${RESPONSE} >> text=first-piece`);
    upstreams[0]?.write(chunk({ content: ' second-piece' }, 'stop'));
    await page.waitForSelector(`${RESPONSE} >> text=second-piece`);
    upstreams[0]?.end(USAGE + DONE);
    await page.waitForSelector(`${RESPONSE} >> text=ChatDone`);
    expect(JSON.parse(await textIn(page, 'response'))).toMatchObject({
      data: { chatStream: { usage: { promptTokens: expect.any(Number) } } },
      extensions: { addedByPlayground: { textSoFar: 'first-piece second-piece' } },
    });

    await page.click(EXECUTE);
    await eventually(() => upstreams.length === 2);
    upstreams[1]?.write(chunk({ content: 'third-piece' }));
    await page.waitForSelector(`${RESPONSE} >> text=third-piece`);
    await page.click(STOP);
    await eventually(() => upstreams[1]?.destroyed === true);
    expect(problems).toEqual([]);
  });
});
