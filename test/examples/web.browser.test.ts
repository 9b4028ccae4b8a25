import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser.js';
import { Cable } from '../support/cable.js';
import { beginStream, chunk, DONE, STREAM, USAGE } from '../support/chat-answers.js';
import { ChatPage } from '../support/chat-page.js';
import { buildExample } from '../support/example.js';
import { CHROMIUM, describeWith } from '../support/programs.js';
import { NOON, TestServer } from '../support/server.js';
import { type Answer, CREATED, json, StandIn } from '../support/stand-in.js';

const PERSONA = 'You are the support agent of a shop for lamps. Be friendly and brief.';
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
const LONG_WORD = 'x'.repeat(300);

/** A whole test on a slow machine. */
const SLOW = 240_000;

describeWith(CHROMIUM)('the example page', () => {
  let browser: Browser;
  beforeAll(async () => {
    buildExample();
    browser = await launchBrowser();
  }, 400_000);
  afterAll(() => browser?.close());

  /** With the time of day, which the page counts down by. */
  async function start(): Promise<TestServer> {
    const server = await TestServer.start();
    server.clock = Date.now;
    return server;
  }

  /** The numbers of a bar, out of its text for those who cannot see it. */
  async function read(chat: ChatPage, index: number) {
    const bar = chat.bars.nth(index);
    const label = (await bar.getAttribute('aria-label')) ?? '';
    const [, cached, prompt, share] =
      /^(\d+) of (\d+) prompt tokens came from the cache, (\d+)%$/.exec(label) ?? [];
    const drawn = await bar.locator('rect.cached').getAttribute('width');
    return { cached: Number(cached), prompt: Number(prompt), share: Number(share), drawn };
  }

  it(
    'shows for each answer, and in total, how much of the prompt came from the cache',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA);
      await chat.ask('When will my order arrive?');
      await chat.ask('Can I return it?');
      const [first, second] = [await read(chat, 0), await read(chat, 1)];
      expect(first.cached).toBeGreaterThan(0);
      // A session keeps what was said.
      expect(second.cached).toBeGreaterThan(first.prompt);
      expect(second.drawn).toBe(`${second.share}%`);
      expect(second.share).toBe(Math.round((100 * second.cached) / second.prompt));
      const sum = chat.page.getByRole('region', { name: 'Total of 2 chats' }).getByRole('img');
      expect(await sum.getAttribute('aria-label')).toContain(
        `${first.cached + second.cached} of ${first.prompt + second.prompt} prompt tokens`,
      );
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'sends the conversation with each question to a common prefix, and reuses an equal prefix',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA, 'Common prefix');
      await chat.ask('When will my order arrive?');
      await chat.ask('Can I return it?');
      const [first, second] = [await read(chat, 0), await read(chat, 1)];
      expect(second.cached).toBe(first.cached);
      expect(second.prompt).toBeGreaterThan(first.prompt + 10);
      await chat.button('New context').click();
      await chat.create(PERSONA, 'Common prefix');
      await chat.page.locator('.facts').getByText('reused').waitFor();
      expect(await chat.contexts.count()).toBe(1);
    },
    SLOW,
  );

  it(
    'can be used by keyboard alone, with the focus always visible',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server);
      const { keyboard } = chat.page;
      await chat.page.locator('#model option').first().waitFor({ state: 'attached' });
      await chat.tabTo(/Persona/);
      await keyboard.press('ControlOrMeta+A');
      await keyboard.type(PERSONA);
      await chat.tabTo(/^Doubao/);
      await chat.tabTo(/Session/);
      await keyboard.press('ArrowDown');
      await chat.tabTo(/^Create context/);
      await keyboard.press('Enter');
      await chat.question.waitFor();
      // The Enter that ends the composition of a Chinese word does not send it.
      await chat.question.dispatchEvent('keydown', { key: 'Enter', isComposing: true });
      await keyboard.type('one');
      await keyboard.press('Shift+Enter');
      await keyboard.type('two');
      await keyboard.press('Enter');
      await chat.bars.first().waitFor();
      expect(await chat.page.locator('.question').textContent()).toBe('one\ntwo');
      expect(await chat.page.locator('.facts').textContent()).toContain('Common prefix');
      await chat.tabTo(/^English/);
      await chat.tabTo(/^Forget$/);
      await keyboard.press('Enter');
      await chat.button('Forget permanently?').waitFor();
      await keyboard.press('Enter');
      await chat.page.getByText('None yet.').waitFor();
      await chat.tabTo(/Persona/);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'lists contexts page by page, continues one and forgets it',
    async () => {
      await using server = await start();
      const messages = [{ role: 'SYSTEM', content: PERSONA }];
      for (let count = 0; count < 12; count++) {
        const create = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
        await server.query(create, { input: { model: 'Doubao-1.5-pro-32k', messages } });
      }
      await using chat = await ChatPage.open(browser, server);
      const items = chat.contexts;
      await items.nth(9).waitFor();
      expect(await chat.violations()).toEqual([]);
      await chat.button('Load more').click();
      await items.nth(11).waitFor();
      expect(await items.count()).toBe(12);
      expect(await chat.button('Load more').count()).toBe(0);
      const id = await items.nth(11).locator('strong').textContent();
      await items.nth(11).getByRole('button').click();
      await chat.page.getByRole('heading', { name: id ?? '' }).waitFor();
      await chat.ask('Are you still there?');
      await chat.button('Forget').click();
      await chat.button('Forget permanently?').click();
      await chat.button('Create context').waitFor();
      expect(await items.locator('strong').allTextContents()).not.toContain(id);
      expect(await items.count()).toBe(11);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'is in Chinese for a Chinese browser, and in the language that is chosen',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server, { locale: 'zh-CN' });
      const html = chat.page.locator('html');
      expect(await html.getAttribute('lang')).toBe('zh-CN');
      expect(await chat.page.title()).toBe('上下文缓存聊天');
      expect(await chat.page.locator('body').textContent()).not.toMatch(/persona|create|answer/i);
      const language = chat.page.getByRole('combobox', { name: 'Language, 语言' });
      await language.selectOption('English');
      await chat.button('Create context').waitFor();
      expect(await html.getAttribute('lang')).toBe('en');
      await language.selectOption('中文');
      await chat.button('创建上下文').waitFor();
      expect(await html.getAttribute('lang')).toBe('zh-CN');
    },
    SLOW,
  );

  it.each([
    ['a desktop', 'en-US', 'light', {}],
    ['a phone of 360 pixels', 'zh-CN', 'dark', PHONE],
  ] as const)(
    'fits %s and passes axe (%s, %s)',
    async (_, locale, colorScheme, device) => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server, { ...device, locale, colorScheme });
      await chat.page.locator('#model option').first().waitFor({ state: 'attached' });
      expect(await chat.violations()).toEqual([]);
      expect(await chat.overflow()).toBe(0);
      await chat.page.getByRole('textbox').first().fill(LONG_WORD);
      await chat.button(/^(Create context|创建上下文)$/).click();
      await chat.question.waitFor();
      await chat.ask(LONG_WORD);
      expect(await chat.overflow()).toBe(0);
      if (device === PHONE) await chat.button(/^(Contexts|上下文)$/).tap();
      await chat.button(/^(Access|访问凭证)$/).click();
      expect(await chat.violations()).toEqual([]);
      expect(await chat.overflow()).toBe(0);
    },
    SLOW,
  );

  /** Between the page and a gateway that answers chats as the test says. */
  async function startBefore(gateway: StandIn, answerChat: Answer): Promise<TestServer> {
    gateway.answer = (response, request, seen) => {
      if (seen.path.endsWith('/models')) json(response, 200, { data: [{ id: 'Doubao-1.5-pro-32k' }] });
      else if (seen.path.endsWith('/context/create')) json(response, 200, CREATED);
      else answerChat(response, request, seen);
    };
    const server = await TestServer.before(gateway);
    server.clock = Date.now;
    return server;
  }

  it(
    'shows an answer as it streams, stops it with Escape and keeps its text',
    async () => {
      await using gateway = await StandIn.start();
      const open: ServerResponse[] = [];
      await using server = await startBefore(gateway, (response) => {
        open.push(beginStream(response));
        response.write(open.length === 1 ? chunk({ content: 'first piece' }) : STREAM);
        if (open.length > 1) response.end();
      });
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA);
      await chat.question.fill('What?');
      await chat.question.press('Enter');
      await chat.answers.getByText('first piece').waitFor();
      // A screen reader would read out each piece of what is live.
      expect(await chat.announcement.textContent()).toBe('Answering …');
      expect(
        await chat.page.locator('[aria-live], [role=log], [role=status]').getByText('first piece').count(),
      ).toBe(0);
      const [upstream] = open as [ServerResponse];
      const abandoned = once(upstream, 'close');
      await chat.page.keyboard.press('Escape');
      await chat.answers.getByText('Stopped.').waitFor();
      await abandoned;
      expect(await chat.answers.first().textContent()).toContain('first piece');
      await chat.ask('And now?');
      expect(await chat.announcement.textContent()).toBe('Answer: Hi 您好😀');
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'says what failed, keeps the text received, and retries at a click',
    async () => {
      await using gateway = await StandIn.start();
      const answers: Answer[] = [
        (response) =>
          beginStream(response).write(chunk({ content: 'first piece' }), () => response.destroy()),
        (response) => json(response, 500, { error: { message: 'down' } }),
        (response) => beginStream(response).end(STREAM),
      ];
      await using server = await startBefore(gateway, (...call) => answers.shift()?.(...call));
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA);
      await chat.question.fill('What?');
      await chat.question.press('Enter');
      const alerts = chat.page.getByRole('alert');
      await alerts.getByText('The gateway’s answer was incomplete').waitFor();
      expect(await chat.answers.first().textContent()).toContain('first piece');
      expect(await chat.violations()).toEqual([]);
      await chat.button('Try again').click();
      expect(await chat.page.locator(':focus').getAttribute('id')).toBe('question');
      await alerts.getByText('The gateway cannot be reached.').waitFor();
      await chat.button('Try again').click();
      await chat.bars.first().waitFor();
      expect(await chat.page.locator('.question').allTextContents()).toEqual(['What?', 'What?', 'What?']);
      expect(await chat.answers.last().textContent()).toContain('Hi 您好😀');
      expect(await chat.button('Try again').count()).toBe(0);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'goes on with an answer after a reload in its middle',
    async () => {
      await using gateway = await StandIn.start();
      const open: ServerResponse[] = [];
      await using server = await startBefore(gateway, (response) => {
        open.push(beginStream(response));
        response.write(chunk({ content: 'first piece' }));
      });
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA);
      await chat.question.fill('What?');
      await chat.question.press('Enter');
      await chat.answers.getByText('first piece').waitFor();
      await chat.page.reload();
      await chat.answers.getByText('first piece').waitFor();
      open[0]?.write(chunk({ content: ', second piece' }));
      await chat.answers.getByText('first piece, second piece').waitFor();
      await chat.page.reload();
      open[0]?.end(chunk({ content: '!' }) + USAGE + DONE);
      await chat.answers.getByText('first piece, second piece!').waitFor();
      await chat.bars.first().waitFor();
      expect(await chat.page.getByText('What?').count()).toBe(1);
      expect(open).toHaveLength(1);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'asks without a run where the server keeps none',
    async () => {
      await using server = await TestServer.start({ RUNS: 'off' });
      server.clock = Date.now;
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA);
      await chat.ask('When will my order arrive?');
      expect(await chat.answers.count()).toBe(1);
    },
    SLOW,
  );

  it(
    'says that the connection is lost, and keeps the text received',
    async () => {
      await using gateway = await StandIn.start();
      await using server = await startBefore(gateway, (response) => {
        beginStream(response).write(chunk({ content: 'first piece' }));
      });
      await using cable = await Cable.to(server.origin);
      await using chat = await ChatPage.open(browser, cable);
      await chat.create(PERSONA);
      await chat.question.fill('What?');
      await chat.question.press('Enter');
      await chat.answers.getByText('first piece').waitFor();
      cable.cut();
      await chat.page.getByRole('alert').getByText('The connection to the server was lost.').waitFor();
      expect(await chat.answers.textContent()).toContain('first piece');
      expect(await chat.button('Try again').count()).toBe(1);
    },
    SLOW,
  );

  it(
    'counts down to the expiry and says when a context has expired',
    async () => {
      await using server = await TestServer.start();
      await using chat = await ChatPage.open(browser, server, { now: NOON });
      await chat.create(PERSONA);
      const timer = chat.page.locator('.facts').getByRole('timer');
      expect(await timer.textContent()).toBe('expires in 01:00:00');
      await chat.page.clock.setFixedTime(NOON + 3_590_000);
      await timer.getByText('expires in 00:00:10').waitFor();
      await chat.page.clock.setFixedTime(NOON + 3_600_000);
      await chat.page.getByRole('alert').getByText('This context has expired.').waitFor();
      expect(await chat.question.count()).toBe(0);
      expect(await chat.violations()).toEqual([]);
      await chat.page.getByRole('alert').getByRole('button', { name: 'New context' }).click();
      await chat.button('Create context').waitFor();
    },
    SLOW,
  );

  it(
    'asks for a credential where the server requires one, and keeps it in memory only',
    async () => {
      await using server = await TestServer.start({ GATEWAY_URL: 'sandbox:', AUTH_MODE: 'passthrough' });
      server.clock = Date.now;
      await using chat = await ChatPage.open(browser, server);
      await chat.page.getByText('This server needs a credential.').first().waitFor();
      await chat.button('Access').click();
      await chat.page.getByLabel('Credential').fill('sk-sandbox');
      await chat.page.getByLabel('Credential').press('Enter');
      await chat.create(PERSONA);
      await chat.ask('What?');
      expect(await chat.page.getByRole('alert').count()).toBe(0);
      expect(await chat.page.context().storageState()).toEqual({ cookies: [], origins: [] });
      expect(await chat.page.evaluate(() => sessionStorage.length)).toBe(0);
    },
    SLOW,
  );
});
