import { startOurs } from '../support/candidates.mjs';
import { interleave, medians } from '../support/rounds.mjs';

const CONNECTIONS = 16;
const KILOBYTE = 1_000;
const PROMPT_KILOBYTES = [1, 10, 100, 1_000];
const CALLERS = [1, 10_000];

/** What a createContext costs our server as prompts and callers grow. */
export async function measureGrowth({ caller, upstream, folder, rounds, ms }) {
  // In this mode it is the key that tells callers apart.
  const program = await startOurs(folder, { GATEWAY_URL: upstream.url, AUTH_MODE: 'passthrough' });
  const cpuPerCall = async (options) => {
    const cpuBefore = program.cpuSeconds();
    const task = { url: program.url, connections: CONNECTIONS, ms, ...options };
    const { calls } = await caller.run('createContexts', task);
    return ((program.cpuSeconds() - cpuBefore) / calls) * 1e6;
  };
  const prompts = await interleave(PROMPT_KILOBYTES, rounds, async (kilobytes) => {
    const cpuMicroseconds = await cpuPerCall({ promptBytes: kilobytes * KILOBYTE });
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

function table(sizes, measured, unit) {
  return Object.fromEntries(sizes.map((size, place) => [`${size} ${unit}`, medians(measured[place])]));
}
