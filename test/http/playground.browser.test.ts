import type { ServerResponse } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { collectProblems, launchBrowser } from '../support/browser.js';
import { beginStream, chunk, DONE, USAGE } from '../support/chat-answers.js';
import { serverHolding } from '../support/holding.js';
import { CHROMIUM, describeWith } from '../support/programs.js';
import { TestServer } from '../support/server.js';
import { StandIn } from '../support/stand-in.js';
import { CHAT_STREAM } from '../support/streams.js';

const EXECUTE = '.graphiql-execute-button';
const RESPONSE = '.result-window';

describeWith(CHROMIUM)('the playground in a browser without a network', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  }, 60_000);
  afterAll(() => browser.close());

  async function open(url: string): Promise<{ page: Page; problems: string[] }> {
    const page = await browser.newPage();
    const problems = collectProblems(page);
    await page.goto(url);
    await page.waitForSelector(EXECUTE);
    return { page, problems };
  }

  it('creates a context with the example in its first tab', async () => {
    await using server = await TestServer.start();
    const { page, problems } = await open(server.url);
    await page.click(EXECUTE);
    await page.waitForSelector(`${RESPONSE} >> text=/ctx-\\d+/`);
    expect(await page.locator('.graphiql-tab-button').allTextContents()).toEqual([
      'CreateContext',
      'Chat',
      'ChatStream',
      'Models',
      'Contexts',
      'CacheReport',
      'ForgetContext',
    ]);
    expect(problems).toEqual([]);
    await page.close();
  }, 60_000);

  it('shows a streamed answer as it comes', async () => {
    await using gateway = await StandIn.start();
    await using server = await serverHolding(gateway);
    const asked = new Promise<ServerResponse>((resolve) => {
      gateway.answer = (response) => resolve(beginStream(response));
    });
    const input = '{contextId: "ctx-1", model: "m", messages: [{role: USER, content: "hello"}]}';
    const query = CHAT_STREAM.replace('($input: ChatInput!)', '').replace('$input', input);
    const { page, problems } = await open(`${server.url}?query=${encodeURIComponent(query)}`);
    await page.click(EXECUTE);
    const upstream = await asked;
    upstream.write(chunk({ content: 'first-piece' }));
    await page.waitForSelector(`${RESPONSE} >> text=first-piece`);
    upstream.write(chunk({ content: 'second-piece' }, 'stop'));
    await page.waitForSelector(`${RESPONSE} >> text=second-piece`);
    upstream.end(USAGE + DONE);
    await page.waitForSelector(`${RESPONSE} >> text=ChatDone`);
    expect(problems).toEqual([]);
    await page.close();
  }, 60_000);
});
