import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startOurs } from '../support/candidates.mjs';
import { interleave, medianRatio, medians } from '../support/rounds.mjs';

const NAMES = ['by id', 'by name'];
const CONNECTIONS = 64;
const PROMPT = `---
model: Doubao-1.5-pro-32k
---
${'You are a patient support agent. '.repeat(500)}`;

/** Processor time of a chat by a prompt's name, next to a chat by the id of a prefix, on one server. */
export async function measureChatByName({ caller, upstream, folder, rounds, ms }) {
  const prompts = join(folder, 'prompts');
  mkdirSync(prompts);
  writeFileSync(join(prompts, 'support.md'), PROMPT);
  const gateway = { GATEWAY_URL: upstream.url, GATEWAY_API_KEY: 'sk-bench', AUTH_MODE: 'none' };
  const program = await startOurs(folder, { ...gateway, PROMPTS: prompts });
  const load = { url: program.url, connections: CONNECTIONS, ms };
  const contextIds = [await caller.run('newPrefixId', { url: program.url })];
  const run = {
    'by id': () => caller.run('chats', { ...load, contextIds }),
    'by name': () => caller.run('promptChats', { ...load, prompt: 'support' }),
  };
  const measured = await interleave(NAMES, rounds, async (name) => {
    const cpuBefore = program.cpuSeconds();
    const { calls } = await run[name]();
    return { chatMicroseconds: ((program.cpuSeconds() - cpuBefore) / calls) * 1e6 };
  });
  await program.end();
  const [byId, byName] = measured;
  return {
    'by id': medians(byId),
    'by name': { ...medians(byName), timesById: medianRatio(byName, byId, 'chatMicroseconds') },
  };
}
