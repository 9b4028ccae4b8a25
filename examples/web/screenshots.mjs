// Takes the README's screenshots. Run `npm run build` first.
import 'reflect-metadata';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { startServer } from '../../build/app.js';
import { readConfig } from '../../build/config/config.js';
import { startSandbox } from '../../build/sandbox/server.js';

const IMAGES = process.argv[2] ?? fileURLToPath(new URL('../../docs/images/', import.meta.url));
const MODELS = fileURLToPath(new URL('../models.yaml', import.meta.url));
const PROMPTS = fileURLToPath(new URL('../prompts/', import.meta.url));

const SCENES = [
  {
    file: 'web-en.png',
    locale: 'en-US',
    prompt: 'Document assistant',
    others: ['Do I need a note from the doctor?', 'Who approves a hotel for 180 EUR?'],
    questions: ['How do I ask for two weeks of leave?', 'And may I spend them working from Spain?'],
    answers: [
      'Request it **two weeks before** (section 3.2).',
      'Yes, up to **20 days a year** (section 2.2):\n\n1. Write to the people team **four weeks before**:\n\n```text\nTo: people team\nSubject: Working from Spain, 1 to 12 June\n```\n\n2. Wait until they have checked taxes and insurance.',
    ],
  },
  {
    file: 'web-zh.png',
    locale: 'zh-CN',
    prompt: /客服|support-zh/,
    others: ['可以开发票吗？', '多久能送到？'],
    questions: ['满多少元免运费？', '退货怎么寄？'],
    answers: [
      '订单满 **59 元**免运费，不满收 6 元。',
      '请按下面的步骤办理：\n\n1. 在订单页申请退货。\n2. 把商品和下面的单据放进包裹：\n\n```text\n退货单号：R-20260101\n```\n\n3. 寄出后，我们收到退货的**一至三个工作日**内退款。',
    ],
  },
];

const sandbox = await startSandbox({ chunkMs: 0 });
let answers = [];
/** The sandbox, whose token counts are shown, with answers as a model writes them. */
const gateway = createServer(async (request, response) => {
  const body = (await buffer(request)).toString();
  const asked = body === '' ? {} : JSON.parse(body);
  const forwarded = await fetch(sandbox.url.replace('/v1', '') + request.url, {
    method: request.method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${sandbox.apiKey}` },
    ...(body !== '' && { body: JSON.stringify({ ...asked, stream: undefined, stream_options: undefined }) }),
  });
  const answer = await forwarded.json();
  if (!asked.stream) return response.writeHead(forwarded.status).end(JSON.stringify(answer));
  const { choices: _, usage, ...head } = answer;
  const content = answers.shift();
  const events = [
    { ...head, choices: [{ index: 0, delta: { content }, finish_reason: 'stop' }], usage: null },
    { ...head, choices: [], usage },
  ];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(`${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`);
}).listen(0, '127.0.0.1');
await once(gateway, 'listening');

const SETTINGS = {
  PORT: '0',
  STORE_URL: 'sqlite::memory:',
  LOG_LEVEL: 'silent',
  SHUTDOWN_GRACE_MS: '0',
  GATEWAY_URL: `http://127.0.0.1:${gateway.address().port}/v1`,
  GATEWAY_API_KEY: sandbox.apiKey,
  PROMPTS,
  MODELS,
};

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
  gateway.closeAllConnections();
  gateway.close();
  await sandbox.close();
}

async function shoot({ file, locale, prompt, others, questions, answers: said }, url) {
  const page = await browser.newPage({
    locale,
    viewport: { width: 1100, height: 1130 },
    reducedMotion: 'reduce',
  });
  await page.goto(url);
  answers = [...others, ...said];
  for (const question of [...others, questions[0]]) {
    await page.locator('nav > button.primary').click();
    await page.locator('.card').filter({ hasText: prompt }).click();
    await ask(page, question, 0);
  }
  await ask(page, questions[1], 1);
  await page.screenshot({ path: `${IMAGES}/${file}` });
  await page.close();
}

async function ask(page, question, index) {
  await page.locator('#question').fill(question);
  await page.keyboard.press('Enter');
  await page.locator('.answer svg').nth(index).waitFor();
}
