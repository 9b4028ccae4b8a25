import { join } from 'node:path';
import { startOurs } from '../support/candidates.mjs';
import { Filled } from '../support/registry.mjs';
import { interleave, medianRatio, medians } from '../support/rounds.mjs';

/** As in the measurement of createContext. */
const CONNECTIONS = 64;
/** A megabyte for each of 64 would measure the memory. */
const PROMPT_CONNECTIONS = 16;
const KILOBYTE = 1_000;
const PROMPT_KILOBYTES = [1, 10, 100, 1_000];
const CALLERS = [1, 10_000];

/** Who calls where nobody says who calls. */
const ANONYMOUS = 'anonymous';
/** Chats go to so many contexts, any as likely as any other. */
const ASKED = 50_000;

/** What a createContext costs our server as prompts, callers and live contexts grow, and what a chat does. */
export async function measureGrowth(options) {
  return { ...(await measurePromptsAndCallers(options)), contexts: await measureContexts(options) };
}

async function measurePromptsAndCallers({ caller, upstream, folder, rounds, ms }) {
  // In this mode it is the key that tells callers apart.
  const program = await startOurs(folder, { GATEWAY_URL: upstream.url, AUTH_MODE: 'passthrough' });
  const cpuPerCall = async (options) => {
    const cpuBefore = program.cpuSeconds();
    const task = { url: program.url, connections: CONNECTIONS, ms, ...options };
    const { calls } = await caller.run('createContexts', task);
    return ((program.cpuSeconds() - cpuBefore) / calls) * 1e6;
  };
  const prompts = await interleave(PROMPT_KILOBYTES, rounds, async (kilobytes) => {
    const cpuMicroseconds = await cpuPerCall({
      connections: PROMPT_CONNECTIONS,
      promptBytes: kilobytes * KILOBYTE,
    });
    return { cpuMicroseconds, cpuMicrosecondsPerKilobyte: cpuMicroseconds / kilobytes };
  });
  const callers = await interleave(CALLERS, rounds, async (count) => ({
    cpuMicroseconds: await cpuPerCall({ callers: count }),
  }));
  await program.end();
  return {
    prompts: table(PROMPT_KILOBYTES, prompts, 'KB'),
    callers: table(CALLERS, callers, 'callers'),
  };
}

async function measureContexts({ caller, upstream, folder, rounds, ms, contexts }) {
  const { SqliteStore } = await import('../../build/registry/sqlite.js');
  const gateway = { GATEWAY_URL: upstream.url, GATEWAY_API_KEY: 'sk-bench', AUTH_MODE: 'none' };
  const servers = [];
  for (const size of contexts) {
    const path = join(folder, `contexts-of-${size}.db`);
    const filled = await Filled.create(new SqliteStore(path), { size, callers: [ANONYMOUS], path });
    await filled.end();
    const program = await startOurs(folder, { ...gateway, STORE_URL: `sqlite:${path}` });
    servers.push({ program, contextIds: filled.someOf(ASKED).map(({ context }) => context.id) });
  }
  const cpuOf = async ({ program }, task, options) => {
    const cpuBefore = program.cpuSeconds();
    const { calls } = await caller.run(task, { url: program.url, connections: CONNECTIONS, ms, ...options });
    return ((program.cpuSeconds() - cpuBefore) / calls) * 1e6;
  };
  const measured = await interleave(contexts, rounds, async (size) => {
    const server = servers[contexts.indexOf(size)];
    return {
      createMicroseconds: await cpuOf(server, 'createContexts', {}),
      chatMicroseconds: await cpuOf(server, 'chats', { contextIds: server.contextIds }),
    };
  });
  await Promise.all(servers.map(({ program }) => program.end()));
  const [few] = measured;
  const rows = contexts.map((size, place) => [
    `${size} contexts`,
    {
      ...medians(measured[place]),
      createTimesFew: medianRatio(measured[place], few, 'createMicroseconds'),
      chatTimesFew: medianRatio(measured[place], few, 'chatMicroseconds'),
    },
  ]);
  return Object.fromEntries(rows);
}

function table(sizes, measured, unit) {
  return Object.fromEntries(sizes.map((size, place) => [`${size} ${unit}`, medians(measured[place])]));
}
