import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { collectProblems, launchBrowser } from '../support/browser.js';
import { beginStream, chunk, DONE, USAGE } from '../support/chat-answers.js';
import { CHROMIUM, describeWith } from '../support/programs.js';
import { PromptFiles, promptGateway } from '../support/prompts.js';
import { TestServer } from '../support/server.js';

const VERSIONS: [string, string, string][] = [
  ['18', 'sse', 'test/client/react-18/node_modules'],
  ['19', 'sse', 'node_modules'],
  ['19', 'websocket', 'node_modules'],
];

async function bundle(folder: string): Promise<string> {
  const args = ['test/client/bundle-hook-app.mjs', folder];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 });
  return stdout;
}

describeWith(CHROMIUM)('the hook', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  describe.each(VERSIONS)('in React %s under StrictMode over %s', (version, transport, folder) => {
    let code: string;
    beforeAll(async () => {
      code = await bundle(folder);
    });

    /** On a page of the server's own origin. */
    async function load(page: Page, server: TestServer): Promise<void> {
      await page.goto(`${server.origin}/healthz?transport=${transport}`);
      await page.addScriptTag({ content: code, type: 'module' });
    }

    it('asks, goes on after a reload in the middle, asks again with other parameters, edits and stops', async () => {
      await using gateway = await promptGateway();
      let write = (_: string) => {};
      let end = () => {};
      gateway.onChat = (response) => {
        beginStream(response).write(chunk({ content: 'Hi ' }));
        write = (text) => void response.write(chunk({ content: text }));
        end = () => void response.end(chunk({}, 'stop') + USAGE + DONE);
      };
      using files = new PromptFiles();
      await using server = await TestServer.before(gateway, files.env);
      const page = await (await browser.newContext()).newPage();
      const problems = collectProblems(page);
      await page.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }));
      await load(page, server);
      await page.getByLabel('Question').fill('Where?');
      await page.getByRole('button', { name: 'Send' }).click();
      await page.locator('.assistant.streaming', { hasText: 'Hi' }).waitFor();
      expect(await page.title()).toBe(`React ${version}`);

      await load(page, server);
      write('there');
      await page.locator('.assistant.streaming', { hasText: 'Hi there' }).waitFor();
      end();
      await page.locator('output', { hasText: 'ready 8' }).waitFor();
      expect(await page.locator('li').allTextContents()).toEqual(['Where?', 'Hi there']);
      expect(gateway.contextChats).toHaveLength(1);

      await page.getByRole('button', { name: 'Creative' }).click();
      await page.getByRole('button', { name: 'Regenerate' }).click();
      await page.locator('.assistant.streaming', { hasText: /^Hi $/ }).waitFor();
      end();
      await page.locator('.assistant.complete').waitFor();
      await page.getByRole('button', { name: 'Edit' }).click();
      await page.locator('.assistant.streaming').waitFor();
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.locator('.assistant.stopped').waitFor();
      expect(await page.locator('li').first().textContent()).toBe('edited');
      expect(gateway.contextChats).toHaveLength(3);
      const asked = gateway.contextChats.map(({ body }) => JSON.parse(body));
      expect(asked.map(({ temperature }) => temperature)).toEqual([0, 1, 1]);
      expect(problems).toEqual([]);
      await page.context().close();
    });
  });
});
