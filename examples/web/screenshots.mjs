// Takes the README's screenshots on the sandbox. Run `npm run build` and `npm run build:example` first.
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
    personas: [
      'You are a patient teacher of physics.',
      'You review Go code. Be strict.',
      'You are the support agent of Luma, a shop for lamps.\n\n- Be friendly and brief.\n- Orders arrive within three days.\n- Lamps can be returned for 30 days.\n- Never promise a discount.',
    ],
    questions: ['When will my order arrive?', 'And can I return the lamp without its box?'],
  },
  {
    file: 'web-zh.png',
    locale: 'zh-CN',
    personas: [
      '你是一位耐心的物理老师。',
      '你负责审查 Go 代码，请严格。',
      '你是灯具商店“流光”的客服。\n\n- 态度友好，回答简短。\n- 订单三天内送达。\n- 灯具三十天内可以退货。\n- 不要承诺折扣。',
    ],
    questions: ['我的订单什么时候到？', '没有包装盒也能退货吗？'],
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

async function shoot({ file, locale, personas, questions }, url) {
  const page = await browser.newPage({
    locale,
    viewport: { width: 1100, height: 820 },
    reducedMotion: 'reduce',
  });
  await page.goto(url);
  for (const [index, persona] of personas.entries()) {
    await page.locator('nav > button.primary').click();
    await page.locator('#persona').fill(persona);
    if (index === 1) await page.locator('input[value="COMMON_PREFIX"]').check();
    await page.locator('#ttl').selectOption({ index });
    await page.locator('#model option').nth(index).waitFor({ state: 'attached' });
    await page.locator('.create button.primary').click();
    await page.locator('#question').waitFor();
  }
  for (const [index, question] of questions.entries()) {
    await page.locator('#question').fill(question);
    await page.keyboard.press('Enter');
    await page.locator('.answer svg').nth(index).waitFor();
  }
  await page.screenshot({ path: IMAGES + file });
  await page.close();
}
