import type { ServerResponse } from 'node:http';
import { type Browser, chromium, type Page } from 'playwright-core';
import { beginStream, chunk, DONE, USAGE } from '../support/chat-answers.js';
import { serverHolding } from '../support/holding.js';
import { CHROMIUM, describeWith } from '../support/programs.js';
import { TestServer } from '../support/server.js';
import { StandIn } from '../support/stand-in.js';
import { CHAT_STREAM } from '../support/streams.js';

/** Whatever is not on this machine cannot be reached. */
const OFFLINE = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1';
const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
const EXECUTE = '.graphiql-execute-button';
const RESPONSE = '.result-window';

describeWith(CHROMIUM)('the playground in a browser without a network', () => {
  let browser: Browser;
  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', OFFLINE, ...QUIET];
    browser = await chromium.launch({ executablePath: CHROMIUM.path, args });
  }, 60_000);
  afterAll(() => browser.close());

  async function open(url: string): Promise<{ page: Page; problems: string[] }> {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText;
      // A client of server-sent events aborts its request once it has read `complete`.
      if (reason !== 'net::ERR_ABORTED') problems.push(`${request.url()} ${reason}`);
    });
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
