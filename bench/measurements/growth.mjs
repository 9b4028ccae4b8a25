import { join } from 'node:path';
import { startOurs } from '../support/candidates.mjs';
import { interleave, medianRatio, medians } from '../support/rounds.mjs';
import { Filled } from '../support/store.mjs';

/** The same as in the createContext measurement. */
const CONNECTIONS = 64;
/** 64 concurrent requests of a megabyte would measure memory bandwidth. */
const PROMPT_CONNECTIONS = 16;
const KILOBYTE = 1_000;
const PROMPT_KILOBYTES = [1, 10, 100, 1_000];
const CALLERS = [1, 10_000];

/** The caller's id with `AUTH_MODE=none`. */
const ANONYMOUS = 'anonymous';
/** Number of contexts that receive chats, chosen uniformly. */
const ASKED = 50_000;

/** The cost of createContext and chat as prompts, callers and live contexts grow. */
export async function measureGrowth(options) {
  return {
    prompts: await measurePrompts(options),
    callers: await measureCallers(options),
    contexts: await measureContexts(options),
  };
}

/** Next to the raw forwarder's cost, because every server pays Node's own cost of long texts. */
async function measurePrompts({ caller, start, rounds, ms }) {
  const programs = { raw: await start('raw'), ours: await start('ours') };
  const runs = Object.entries(programs).flatMap(([name, program]) =>
    PROMPT_KILOBYTES.map((kilobytes) => ({ label: `${name}, ${kilobytes} KB`, program, kilobytes })),
  );
  const measured = await interleave(runs, rounds, async ({ program, kilobytes }) => {
    const load = { connections: PROMPT_CONNECTIONS, promptBytes: kilobytes * KILOBYTE };
    const cpuMicroseconds = await cpuPerCall(caller, program, 'createContexts', { ms, ...load });
    return { cpuMicroseconds, cpuMicrosecondsPerKilobyte: cpuMicroseconds / kilobytes };
  });
  await Promise.all(Object.values(programs).map((program) => program.end()));
  return table(
    runs.map(({ label }) => label),
    measured,
  );
}

async function measureCallers({ caller, upstream, folder, rounds, ms }) {
  // In this mode the key identifies the caller.
  const program = await startOurs(folder, { GATEWAY_URL: upstream.url, AUTH_MODE: 'passthrough' });
  const measured = await interleave(CALLERS, rounds, async (callers) => ({
    cpuMicroseconds: await cpuPerCall(caller, program, 'createContexts', { ms, callers }),
  }));
  await program.end();
  return table(
    CALLERS.map((count) => `${count} callers`),
    measured,
  );
}

async function measureContexts({ caller, upstream, folder, rounds, ms, contexts }) {
  const { SqliteStore } = await import('../../build/store/sqlite/store.js');
  const gateway = { GATEWAY_URL: upstream.url, GATEWAY_API_KEY: 'sk-bench', AUTH_MODE: 'none' };
  const servers = [];
  for (const size of contexts) {
    const path = join(folder, `contexts-of-${size}.db`);
    const filled = await Filled.create(new SqliteStore(path), { size, callers: [ANONYMOUS], path });
    await filled.end();
    const program = await startOurs(folder, { ...gateway, STORE_URL: `sqlite:${path}` });
    servers.push({ program, contextIds: filled.someOf(ASKED).map(({ context }) => context.id) });
  }
  const measured = await interleave(contexts, rounds, async (size) => {
    const { program, contextIds } = servers[contexts.indexOf(size)];
    return {
      createMicroseconds: await cpuPerCall(caller, program, 'createContexts', { ms }),
      chatMicroseconds: await cpuPerCall(caller, program, 'chats', { ms, contextIds }),
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

/** Processor time of the program per call, in microseconds. */
async function cpuPerCall(caller, program, task, options) {
  const cpuBefore = program.cpuSeconds();
  const { calls } = await caller.run(task, { url: program.url, connections: CONNECTIONS, ...options });
  return ((program.cpuSeconds() - cpuBefore) / calls) * 1e6;
}

function table(labels, measured) {
  return Object.fromEntries(labels.map((label, place) => [label, medians(measured[place])]));
}
