import { onAllCores, onItsOwnCore, onTheOtherCores } from '../support/cores.mjs';
import { interleave, medianRatio, medians, overStarts } from '../support/rounds.mjs';

const NAMES = ['raw', 'ours', 'mercurius', 'yoga'];
const CONNECTIONS = 64;

/**
 * createContext: first with one core for the candidate and the others for its callers and the gateway, then with all cores
 * shared. On one core, the work of the garbage collector's threads counts as well.
 */
export async function measureCreateContext({ caller, upstream, start, ...load }) {
  const around = [caller.pid, upstream.pid];
  const onOneCore = async (name) => {
    const program = await start(name);
    onItsOwnCore(program.pid);
    return program;
  };
  around.forEach(onTheOtherCores);
  const createContext = await measureCandidates({ caller, start: onOneCore, ...load });
  around.forEach(onAllCores);
  return { createContext, createContextOnAllCores: await measureCandidates({ caller, start, ...load }) };
}

/** For each candidate: calls per second, calls per second of its processor time, latency. */
async function measureCandidates({ caller, start, starts, ...load }) {
  const measured = await overStarts(starts, () => measureOneStart({ caller, start, ...load }));
  const [raw, , mercurius] = measured;
  return Object.fromEntries(
    NAMES.map((name, place) => [
      name,
      {
        ...medians(measured[place]),
        shareOfRaw: medianRatio(measured[place], raw, 'callsPerSecond'),
        shareOfRawPerCpuSecond: medianRatio(measured[place], raw, 'callsPerCpuSecond'),
        p99TimesMercurius: medianRatio(measured[place], mercurius, 'p99Ms'),
      },
    ]),
  );
}

async function measureOneStart({ caller, start, warmUpMs, rounds, ms }) {
  const programs = Object.fromEntries(
    await Promise.all(NAMES.map(async (name) => [name, await start(name)])),
  );
  const load = (name, ms) =>
    caller.run('createContexts', { url: programs[name].url, connections: CONNECTIONS, ms });
  for (const name of NAMES) await load(name, warmUpMs);
  const figures = await interleave(NAMES, rounds, async (name) => {
    const program = programs[name];
    const cpuBefore = program.cpuSeconds();
    const { calls, seconds, p50, p99 } = await load(name, ms);
    return {
      callsPerSecond: calls / seconds,
      callsPerCpuSecond: calls / (program.cpuSeconds() - cpuBefore),
      p50Ms: p50,
      p99Ms: p99,
    };
  });
  await Promise.all(Object.values(programs).map((program) => program.end()));
  return figures;
}
