// Takes the README's screenshots on the sandbox. Run `npm run build` first.
import 'reflect-metadata';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { startServer } from '../../build/app.js';
import { readConfig } from '../../build/config/config.js';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));

const SETTINGS = { PORT: '0', STORE_URL: 'sqlite::memory:', LOG_LEVEL: 'silent', SHUTDOWN_GRACE_MS: '0' };

const SCENES = [
  {
    file: 'web-en.png',
    locale: 'en-US',
    prompt: 'Document assistant',
    before: ['Which orders are still open?', 'Question to SQL'],
    questions: [
      'How many days of leave do I have?',
      'As a table, please:\n\n| year | days |\n| ---- | ---- |\n| 1 | 25 |\n| 5 | 28 |\n',
    ],
  },
  {
    file: 'web-zh.png',
    locale: 'zh-CN',
    prompt: '客服',
    before: ['Which orders are still open?', 'Question to SQL'],
    questions: ['满多少元免运费？', '用表格回答：\n\n| 订单 | 运费 |\n| ---- | ---- |\n| 99 元 | 免 |\n'],
  },
];

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  mkdirSync(IMAGES, { recursive: true });
  for (const scene of SCENES) {
    const server = await startServer(readConfig(SETTINGS));
    await shoot(scene, new URL('/', server.url).href);
    await server.close();
  }
} finally {
  await browser.close();
}

async function shoot({ file, locale, prompt, before, questions }, url) {
  const page = await browser.newPage({
    locale,
    viewport: { width: 1100, height: 820 },
    reducedMotion: 'reduce',
  });
  const ask = async (question, index) => {
    await page.locator('#question').fill(question);
    await page.keyboard.press('Enter');
    await page.locator('.answer svg').nth(index).waitFor();
  };
  const choose = (name) => page.locator('.cards button', { hasText: name }).first().click();
  await page.goto(url);
  const [earlier, other] = before;
  await choose(other);
  await ask(earlier, 0);
  await page.locator('nav > button.primary').click();
  await choose(prompt);
  for (const [index, question] of questions.entries()) await ask(question, index);
  await page.screenshot({ path: IMAGES + file });
  await page.close();
}
