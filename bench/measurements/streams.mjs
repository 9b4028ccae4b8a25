import { interleave, medianRatio, medians, overStarts } from '../support/rounds.mjs';

const TRANSPORTS = {
  raw: ['raw', 'sse'],
  oursSse: ['ours', 'sse'],
  oursWs: ['ours', 'ws'],
  oursGoingOn: ['ours', 'sse', 'CONTINUE'],
};
const NAMES = Object.keys(TRANSPORTS);

/** Milliseconds between two chunks during warm-up: at the pace of a model, V8 would take minutes to optimize. */
const WARM_UP_EVERY_MS = 2;

/** chatStream over each transport: chunks per second of the server's processor time, and time to first token. */
export async function measureStreams({ caller, start, starts, ...load }) {
  const measured = await overStarts(starts, (run) => measureOneStart({ caller, start, run, ...load }));
  const [raw, cancelled] = measured;
  return Object.fromEntries(
    NAMES.map((name, place) => [
      name,
      {
        ...medians(measured[place]),
        shareOfRaw: medianRatio(measured[place], raw, 'chunksPerCpuSecond'),
        shareOfCancelled: medianRatio(measured[place], cancelled, 'chunksPerCpuSecond'),
        firstTokenTimesRaw: medianRatio(measured[place], raw, 'firstTokenP99Ms'),
      },
    ]),
  );
}

async function measureOneStart({ caller, start, run, warmUpMs, rounds, ms, streams, chunks, everyMs }) {
  const programs = { raw: await start('raw'), ours: await start('ours') };
  const optionsOf = async (name) => {
    const [candidate, transport, onDisconnect] = TRANSPORTS[name];
    const { url } = programs[candidate];
    const contextIds = await caller.run('newContextIds', { url, count: streams });
    return { url, transport, contextIds, chunks, ...(onDisconnect && { onDisconnect }) };
  };
  for (const name of NAMES) {
    const options = await optionsOf(name);
    await caller.run('chatStreams', { ...options, everyMs: WARM_UP_EVERY_MS, ms: warmUpMs });
  }
  const measureOne = async (name) => {
    const program = programs[TRANSPORTS[name][0]];
    const options = await optionsOf(name);
    const cpuBefore = program.cpuSeconds();
    const { events, firstTokenP50, firstTokenP99 } = await caller.run('chatStreams', {
      ...options,
      everyMs,
      ms,
    });
    return {
      chunksPerCpuSecond: events / (program.cpuSeconds() - cpuBefore),
      firstTokenP50Ms: firstTokenP50,
      firstTokenP99Ms: firstTokenP99,
    };
  };
  const figures = await interleave(NAMES, rounds, measureOne, run * rounds);
  await Promise.all(Object.values(programs).map((program) => program.end()));
  return figures;
}
