import { interleave, medianRatio, medians } from '../support/rounds.mjs';

const TRANSPORTS = { raw: ['raw', 'sse'], oursSse: ['ours', 'sse'], oursWs: ['ours', 'ws'] };

/** chatStream, for each transport: chunks per second of the server's processor time, and time to first token. */
export async function measureStreams({ caller, start, rounds, ms, streams, chunks, everyMs }) {
  const programs = { raw: await start('raw'), ours: await start('ours') };
  const names = Object.keys(TRANSPORTS);
  const measured = await interleave(names, rounds, async (name) => {
    const [candidate, transport] = TRANSPORTS[name];
    const program = programs[candidate];
    const { url } = program;
    const contextIds = await caller.run('newContextIds', { url, count: streams });
    const cpuBefore = program.cpuSeconds();
    const options = { url, transport, contextIds, chunks, everyMs, ms };
    const { events, firstTokenP50, firstTokenP99 } = await caller.run('chatStreams', options);
    return {
      chunksPerCpuSecond: events / (program.cpuSeconds() - cpuBefore),
      firstTokenP50Ms: firstTokenP50,
      firstTokenP99Ms: firstTokenP99,
    };
  });
  await Promise.all(Object.values(programs).map((program) => program.end()));
  const [raw] = measured;
  return Object.fromEntries(
    names.map((name, place) => [
      name,
      {
        ...medians(measured[place]),
        shareOfRaw: medianRatio(measured[place], raw, 'chunksPerCpuSecond'),
        firstTokenTimesRaw: medianRatio(measured[place], raw, 'firstTokenP99Ms'),
      },
    ]),
  );
}
