import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '../../src/sandbox/server.js';
import { ModelsFile } from '../support/models-file.js';
import { billedBy, bookedIn } from '../support/money-world.js';
import { SERVER_KEY } from '../support/server.js';
import { ServerProcess } from '../support/server-process.js';

const CREATE = 'mutation ($input: CreateContextInput!) { createContext(input: $input) { id } }';
const CHAT = 'mutation ($input: ChatInput!) { chat(input: $input) { id } }';
const PREFIX = {
  ...{ model: 'Doubao-1.5-pro-32k', mode: 'COMMON_PREFIX', reuse: true, ttl: 3_600 },
  messages: [{ content: 'You are a clerk.' }],
};
const PRICES = { currency: 'CNY', input: '0.80', cachedInput: '0.16', cacheWrite: '0.80', output: '2.00' };
const CHATS = 60;

it('two processes on one file book what the gateway bills, while one of them ends and starts again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'money-'));
  const storeUrl = `sqlite:${join(folder, 'contexts.db')}`;
  using models = new ModelsFile();
  const sandbox = await startSandbox({
    ...{ apiKey: SERVER_KEY, chunkMs: 0 },
    priceOf: () => ({ ...PRICES, storagePerHour: '0.017' }),
  });
  const env = { MODELS: models.path, RATE_LIMIT_CHATS_PER_MINUTE: '0' };
  const serve = () => ServerProcess.before(sandbox, storeUrl, env);
  const servers = await Promise.all([serve(), serve()]);
  const ask = (chat: number, query: string, input: object) =>
    (servers[chat % 2] as ServerProcess).ask(query, { input }).catch(() => undefined);
  // Both create the prefix at once, which is one creation.
  const created = await Promise.all([0, 1].map((server) => ask(server, CREATE, PREFIX)));
  const contextId = created[0]?.data.createContext.id;
  expect(created[1]?.data.createContext.id).toBe(contextId);
  const chat = async (index: number) => {
    const content = `question ${index}`;
    return ask(index, CHAT, { contextId, messages: [{ role: 'USER', content }] });
  };
  const chats = Array.from({ length: CHATS }, (_, index) => chat(index));
  const [first] = servers;
  first.child.kill('SIGTERM');
  expect(await first.exitCode()).toBe(0);
  await Promise.all(chats);
  servers[0] = await serve();
  await Promise.all(Array.from({ length: CHATS }, (_, index) => chat(index)));
  for (const server of servers) {
    server.child.kill('SIGTERM');
    await server.exitCode();
  }
  expect(await bookedIn(storeUrl, Date.now())).toEqual(billedBy(sandbox));
  await sandbox.close();
  rmSync(folder, { recursive: true });
});
