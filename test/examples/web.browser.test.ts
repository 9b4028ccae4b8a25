import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser.js';
import { Cable } from '../support/cable.js';
import { beginStream, chunk, DONE, STREAM, USAGE } from '../support/chat-answers.js';
import { ChatPage } from '../support/chat-page.js';
import { CHROMIUM, describeWith } from '../support/programs.js';
import { PromptFiles, promptFile } from '../support/prompts.js';
import { NOON, TestServer } from '../support/server.js';
import { type Answer, CREATED, json, StandIn } from '../support/stand-in.js';

const PERSONA = 'You are the support agent of a shop for lamps. Be friendly and brief.';
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
const LONG_WORD = 'x'.repeat(300);

/** A whole test on a slow machine. */
const SLOW = 240_000;

describeWith(CHROMIUM)('the chat page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  }, 60_000);
  afterAll(() => browser?.close());

  /** On the sandbox with its example prompts, and with the time of day, which the page counts down by. */
  async function start(env: Record<string, string> = {}): Promise<TestServer> {
    const server = await TestServer.start(env);
    server.clock = Date.now;
    return server;
  }

  /** Between the page and a gateway that answers chats as the test says. */
  async function startBefore(
    gateway: StandIn,
    answerChat: Answer,
    env: Record<string, string> = {},
  ): Promise<TestServer> {
    let created = 0;
    gateway.answer = (response, request, seen) => {
      if (seen.path.endsWith('/models')) json(response, 200, { data: [{ id: 'Doubao-1.5-pro-32k' }] });
      else if (seen.path.endsWith('/context/create'))
        json(response, 200, { ...CREATED, id: `ctx-${++created}`, mode: JSON.parse(seen.body).mode });
      else answerChat(response, request, seen);
    };
    const server = await TestServer.before(gateway, env);
    server.clock = Date.now;
    return server;
  }

  /** The numbers of a bar, out of its text for those who cannot see it. */
  async function read(chat: ChatPage, index: number) {
    const bar = chat.bars.nth(index);
    const label = (await bar.getAttribute('aria-label')) ?? '';
    const [, cached, prompt, share] =
      /^([\d,]+) of ([\d,]+) prompt tokens came from the cache, (\d+)%$/.exec(label) ?? [];
    const toNumber = (text = '') => Number(text.replaceAll(',', ''));
    const drawn = await bar.locator('rect.cached').getAttribute('width');
    return { cached: toNumber(cached), prompt: toNumber(prompt), share: Number(share), drawn };
  }

  it(
    'chats with a prompt by its name, and shows how much of it came from the cache',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server);
      await chat.choosePrompt('Question to SQL');
      await chat.ask('How many orders?');
      await chat.page.getByText('put into the cache for this answer').waitFor();
      await chat.answers
        .first()
        .getByText(/^Cost: CN¥0\.00\d+$/)
        .waitFor();
      await chat.ask('And today?');
      const [first, second] = [await read(chat, 0), await read(chat, 1)];
      expect(first.cached).toBeGreaterThan(0);
      expect(second.cached).toBe(first.cached);
      // The conversation so far is sent along.
      expect(second.prompt).toBeGreaterThan(first.prompt + 10);
      expect(second.drawn).toBe(`${second.share}%`);
      expect(second.share).toBe(Math.round((100 * second.cached) / second.prompt));
      const sum = chat.page.getByRole('region', { name: 'Total of 2 answers' }).getByRole('img');
      expect(await sum.getAttribute('aria-label')).toContain(
        `${(first.cached + second.cached).toLocaleString('en')} of`,
      );
      await chat.button('New chat').click();
      await chat.page.locator('.cards .WARM').waitFor();
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'sends only what is new to a session, and offers nothing that a session cannot take back',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA);
      await chat.ask('When will my order arrive?');
      await chat.ask('Can I return it?');
      const [first, second] = [await read(chat, 0), await read(chat, 1)];
      // A session keeps what was said.
      expect(second.cached).toBeGreaterThan(first.prompt);
      expect(await chat.button('Edit').count()).toBe(0);
      expect(await chat.button('Answer again').count()).toBe(0);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'edits a question, answers again, and opens another chat on the same prefix, which it reuses',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA, 'Common prefix');
      await chat.ask('one');
      await chat.ask('two');
      await chat.button('Answer again').click();
      expect(await chat.focusedId()).toBe('question');
      await chat.bars.nth(1).waitFor();
      expect(await chat.questions.allTextContents()).toEqual(['one', 'two']);
      await chat.button('Edit').first().click();
      await chat.page.getByRole('textbox', { name: 'Edit the question' }).fill('uno');
      await chat.button('Ask').click();
      await chat.page.getByText('Total of 1 answer').waitFor();
      expect(await chat.questions.allTextContents()).toEqual(['uno']);
      expect(await chat.conversations.locator('strong').allTextContents()).toEqual(['uno']);
      await chat.button('New chat with the same').click();
      expect(await chat.questions.count()).toBe(0);
      await chat.ask('three');
      expect(await chat.conversations.locator('strong').allTextContents()).toEqual(['three', 'uno']);
      expect(await chat.contexts.count()).toBe(1);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'does not offer a session for models that have none',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server);
      await chat.byHand.click();
      await chat.page.getByLabel('Model').selectOption('gemini-2.5-flash');
      expect(await chat.page.getByRole('radio', { name: 'Session' }).count()).toBe(0);
      await chat.page.getByRole('textbox', { name: 'Persona' }).fill(`${PERSONA} `.repeat(200));
      await chat.button('Create context').click();
      await chat.ask('one');
      await chat.button('Answer again').waitFor();
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'shows Markdown with code to copy, and neither runs nor loads what a model’s text holds',
    async () => {
      const hostile = [
        '# Head\n\n**bold** <script>document.title = "run"</script> <img src=x onerror="document.title=\'run\'">\n\n',
        '[script](javascript:document.title="run") [page](https://example.com/a) ![pixel](https://example.com/p.png)\n\n',
        '| a | b |\n| - | - |\n| 1 | 2 |\n\n```js\nconst a = 1;\n```\n\nand an open fence\n\n```js\nconst b',
      ].join('');
      await using gateway = await StandIn.start();
      await using server = await startBefore(gateway, (response) =>
        beginStream(response).end(chunk({ content: hostile }) + USAGE + DONE),
      );
      const permissions = ['clipboard-read', 'clipboard-write'];
      await using chat = await ChatPage.open(browser, server, { permissions });
      const asked: string[] = [];
      chat.page.on('request', (request) => asked.push(request.url()));
      await chat.create(PERSONA);
      await chat.ask('What?');
      const answer = chat.answers.first();
      await answer.getByRole('heading', { name: 'Head' }).waitFor();
      expect(await answer.getByRole('cell').count()).toBe(2);
      expect(await answer.locator('img, script').count()).toBe(0);
      const links = await answer
        .getByRole('link')
        .evaluateAll((all) =>
          all.map((link) => [link.textContent, link.getAttribute('href'), link.getAttribute('rel')]),
        );
      expect(links).toEqual([
        ['page', 'https://example.com/a', 'noopener noreferrer'],
        ['pixel', 'https://example.com/p.png', 'noopener noreferrer'],
      ]);
      await answer.getByRole('button', { name: 'Copy code' }).first().click();
      await answer.getByText('Copied').waitFor();
      expect(await chat.page.evaluate(() => navigator.clipboard.readText())).toBe('const a = 1;');
      expect(await chat.page.title()).toBe('Context chat');
      expect(asked.filter((url) => !url.startsWith(server.origin))).toEqual([]);
      expect(await chat.violations()).toEqual([]);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'can be used by keyboard alone, with the focus always visible',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server);
      const { keyboard } = chat.page;
      await chat.tabTo(/Or create a context by hand/);
      await keyboard.press('Enter');
      await chat.page.locator('#model option').first().waitFor({ state: 'attached' });
      await chat.tabTo(/Persona/);
      await keyboard.press('ControlOrMeta+A');
      await keyboard.type(PERSONA);
      await chat.tabTo(/Doubao/);
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
      expect(await chat.questions.textContent()).toBe('one\ntwo');
      expect(await chat.page.locator('.facts').textContent()).toContain('Common prefix');
      await chat.tabTo(/^Language/);
      await chat.tabTo(/^Forget the context/);
      await keyboard.press('Enter');
      await chat.button('Forget permanently?').waitFor();
      await keyboard.press('Escape');
      await keyboard.press('Enter');
      await keyboard.press('Enter');
      await chat.page.getByText('None yet.').waitFor({ state: 'attached' });
      expect(await chat.focusedId()).toBe('main');
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'lists the caller’s contexts, chats with one and forgets it',
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
      const id = (await items.nth(11).locator('strong').textContent()) ?? '';
      await items.nth(11).getByRole('button').first().click();
      await chat.page.getByRole('heading', { name: id }).waitFor();
      await chat.ask('Are you still there?');
      await chat.button(`Forget the context ${id}`).click();
      await chat.button('Forget permanently?').click();
      await chat.page.getByText(id).first().waitFor();
      await items.nth(11).waitFor({ state: 'detached' });
      expect(await items.locator('strong').allTextContents()).not.toContain(id);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'is in Chinese for a Chinese browser, and after a reload in the language that was chosen',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server, { locale: 'zh-CN' });
      const html = chat.page.locator('html');
      expect(await html.getAttribute('lang')).toBe('zh-CN');
      expect(await chat.page.title()).toBe('上下文缓存聊天');
      await chat.byHand.click();
      expect(await chat.page.locator('body').textContent()).not.toMatch(/persona|create|new chat/i);
      await chat.page.getByRole('combobox', { name: 'Language, 语言' }).selectOption('English');
      await chat.button('New chat').waitFor();
      await chat.page.reload();
      await chat.button('New chat').waitFor();
      expect(await html.getAttribute('lang')).toBe('en');
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
      await chat.byHand.click();
      await chat.page.locator('#model option').first().waitFor({ state: 'attached' });
      expect(await chat.violations()).toEqual([]);
      expect(await chat.overflow()).toBe(0);
      await chat.page.locator('.cards button').first().click();
      await chat.ask(LONG_WORD);
      expect(await chat.overflow()).toBe(0);
      expect(await chat.violations()).toEqual([]);
      if (device === PHONE) await chat.button('聊天').tap();
      await chat.button(/^(Access|访问凭证)$/).click();
      expect(await chat.violations()).toEqual([]);
      expect(await chat.overflow()).toBe(0);
    },
    SLOW,
  );

  it(
    'shows an answer as it streams, stops it with Escape, keeps its text, and asks again',
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
      await chat.send('What?');
      await chat.answers.getByText('first piece').waitFor();
      // A screen reader would read out each piece of what is live.
      expect(await chat.announcement.textContent()).toBe('Answering …');
      const live = chat.page.locator('[aria-live], [role=log], [role=status]');
      expect(await live.getByText('first piece').count()).toBe(0);
      const [upstream] = open as [ServerResponse];
      const abandoned = once(upstream, 'close');
      await chat.page.keyboard.press('Escape');
      await chat.answers.getByText('Stopped.').waitFor();
      await abandoned;
      expect(await chat.answers.first().textContent()).toContain('first piece');
      await chat.button('Ask again').click();
      await chat.bars.first().waitFor();
      expect(await chat.focusedId()).toBe('question');
      // A session cannot take the question back.
      expect(await chat.questions.allTextContents()).toEqual(['What?', 'What?']);
      expect(await chat.announcement.textContent()).toBe('Answer: Hi 您好😀');
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'says once what failed, keeps the text received, and retries at a click',
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
      await chat.send('What?');
      await chat.alerts.getByText('The gateway’s answer was incomplete').waitFor();
      expect(await chat.alerts.count()).toBe(1);
      expect(await chat.answers.first().textContent()).toContain('first piece');
      expect(await chat.violations()).toEqual([]);
      await chat.button('Try again').click();
      expect(await chat.focusedId()).toBe('question');
      await chat.alerts.getByText('The gateway cannot be reached.').waitFor();
      await chat.button('Try again').click();
      await chat.bars.first().waitFor();
      expect(await chat.answers.last().textContent()).toContain('Hi 您好😀');
      expect(await chat.button('Try again').count()).toBe(0);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'offers another prompt in place of one that is gone',
    async () => {
      await using gateway = await StandIn.start();
      using files = new PromptFiles({ 'one.md': promptFile(), 'two.md': promptFile() });
      await using server = await startBefore(
        gateway,
        (response) => beginStream(response).end(STREAM),
        files.env,
      );
      await using chat = await ChatPage.open(browser, server);
      await chat.choosePrompt('one');
      await chat.ask('What?');
      files.remove('one.md');
      // The server reads its folder at once; until then the prompt answers.
      while ((await chat.alerts.count()) === 0) {
        await chat.send('And now?');
        await chat.page.locator('.answer[aria-busy=false]').last().waitFor();
        await chat.page.locator('.answer[aria-busy=true]').waitFor({ state: 'detached' });
      }
      await chat.alerts.getByText('This server has no such prompt for you.').waitFor();
      await chat.button('Choose another prompt').click();
      await chat.choosePrompt('two');
    },
    SLOW,
  );

  it(
    'goes on with an answer after a reload in its middle, while another tab has a chat of its own',
    async () => {
      await using gateway = await StandIn.start();
      const open: ServerResponse[] = [];
      await using server = await startBefore(gateway, (response) => {
        open.push(beginStream(response));
        response.write(chunk({ content: 'first piece' }));
      });
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA);
      await chat.send('What?');
      await chat.answers.getByText('first piece').waitFor();
      const other = await ChatPage.openIn(chat.page.context(), server);
      expect(await other.conversations.count()).toBe(0);
      await chat.page.reload();
      await chat.answers.getByText('first piece').waitFor();
      open[0]?.write(chunk({ content: ', second piece' }));
      await chat.answers.getByText('first piece, second piece').waitFor();
      await chat.page.reload();
      open[0]?.end(chunk({ content: '!' }) + USAGE + DONE);
      await chat.answers.getByText('first piece, second piece!').waitFor();
      await chat.bars.first().waitFor();
      expect(await chat.questions.allTextContents()).toEqual(['What?']);
      expect(open).toHaveLength(1);
      expect([...chat.problems, ...other.problems]).toEqual([]);
    },
    SLOW,
  );

  it(
    'keeps conversations with their drafts over a reload, and removes one',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server);
      await chat.choosePrompt('Question to SQL');
      await chat.ask('How many orders?');
      await chat.question.fill('half a question');
      await chat.button('New chat').click();
      await chat.choosePrompt('Document assistant');
      await chat.ask('May I work from home?');
      await chat.page.reload();
      await chat.answers.first().waitFor();
      expect(await chat.questions.allTextContents()).toEqual(['May I work from home?']);
      await chat.conversations.nth(1).getByRole('button').first().click();
      expect(await chat.questions.allTextContents()).toEqual(['How many orders?']);
      expect(await chat.question.inputValue()).toBe('half a question');
      await chat.button('Remove the chat “How many orders?”').click();
      expect(await chat.focusedId()).toBe('main');
      expect(await chat.conversations.count()).toBe(1);
      const kept = await chat.page.evaluate(() => JSON.stringify({ ...sessionStorage }));
      expect(kept).not.toContain('half a question');
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'asks without a run where the server keeps none',
    async () => {
      await using server = await start({ RUNS: 'off' });
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA);
      await chat.ask('When will my order arrive?');
      expect(await chat.answers.count()).toBe(1);
    },
    SLOW,
  );

  it(
    'resumes an answer by itself after a lost connection',
    async () => {
      await using gateway = await StandIn.start();
      let end = () => {};
      await using server = await startBefore(gateway, (response) => {
        beginStream(response).write(chunk({ content: 'first piece' }));
        end = () => void response.end(chunk({ content: ', second piece' }) + USAGE + DONE);
      });
      await using cable = await Cable.to(server.origin, { isMended: true });
      await using chat = await ChatPage.open(browser, cable);
      await chat.create(PERSONA);
      await chat.send('What?');
      await chat.answers.getByText('first piece').waitFor();
      cable.cut();
      end();
      await chat.answers.getByText('first piece, second piece').waitFor();
      expect(await chat.alerts.count()).toBe(0);
    },
    SLOW,
  );

  it(
    'counts down to the expiry, and starts a session again with the same persona',
    async () => {
      await using server = await TestServer.start();
      await using chat = await ChatPage.open(browser, server, { now: NOON });
      await chat.create(PERSONA);
      const timer = chat.page.locator('.facts').getByRole('timer');
      await timer.getByText('expires in 01:00:00').waitFor();
      await chat.page.clock.setFixedTime(NOON + 3_590_000);
      await timer.getByText('expires in 00:00:10').waitFor();
      server.clock = () => NOON + 3_600_000;
      await chat.page.clock.setFixedTime(NOON + 3_600_000);
      await chat.alerts.getByText('This context has expired.').waitFor();
      expect(await chat.alerts.count()).toBe(1);
      expect(await chat.question.count()).toBe(0);
      expect(await chat.violations()).toEqual([]);
      await chat.button('Start again with the same persona').click();
      await chat.question.waitFor();
      expect(await chat.questions.count()).toBe(0);
      await timer.getByText('expires in 01:00:00').waitFor();
    },
    SLOW,
  );

  it(
    'goes on with the conversation on a new prefix where the old one is lost',
    async () => {
      await using gateway = await StandIn.start();
      let isLost = false;
      const asked: string[] = [];
      await using server = await startBefore(
        gateway,
        (response, _, { body }) => {
          const { context_id, messages } = JSON.parse(body);
          if (isLost && context_id === 'ctx-1')
            return json(response, 404, {
              error: { code: 'ContextNotFound', message: 'The context is not found.' },
            });
          asked.push(messages.map(({ content }: { content: string }) => content).join());
          beginStream(response).end(STREAM);
        },
        // Otherwise the server creates it again by itself.
        { STORE_MESSAGES: 'off' },
      );
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA, 'Common prefix');
      await chat.ask('one');
      isLost = true;
      await chat.send('two');
      await chat.alerts.getByText('This context has expired.').waitFor();
      expect(await chat.alerts.count()).toBe(1);
      await chat.button('Start again with the same persona').click();
      await chat.bars.nth(1).waitFor();
      expect(asked).toEqual(['one', 'one,Hi 您好😀,two']);
      expect(await chat.questions.allTextContents()).toEqual(['one', 'two']);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'asks for a credential where the server requires one, and keeps it and all else in memory only',
    async () => {
      await using server = await start({ GATEWAY_URL: 'sandbox:', AUTH_MODE: 'passthrough' });
      await using chat = await ChatPage.open(browser, server);
      await chat.page.getByText('This server needs a credential.').first().waitFor();
      await chat.page.locator('#main').getByRole('button', { name: 'Access' }).first().click();
      expect(await chat.focusedId()).toBe('credential');
      await chat.page.getByLabel('Credential').fill('sk-sandbox');
      await chat.page.getByLabel('Credential').press('Enter');
      await chat.alerts.first().waitFor({ state: 'detached' });
      await chat.create(PERSONA);
      await chat.ask('What?');
      expect(await chat.alerts.count()).toBe(0);
      expect(await chat.page.context().storageState()).toEqual({ cookies: [], origins: [] });
      const kept = await chat.page.evaluate(() => JSON.stringify({ ...sessionStorage }));
      expect(kept).not.toMatch(/What|lamps|sk-sandbox/);
    },
    SLOW,
  );
});
