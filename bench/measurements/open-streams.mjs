import { setTimeout as sleep } from 'node:timers/promises';

/** Time to collect the garbage of opening the streams. */
const SETTLE_MS = 2_000;
const KIBIBYTE = 1_024;

const CANDIDATES = [
  ['raw', 'raw'],
  ['ours', 'ours'],
  ['ours, going on', 'ours', 'CONTINUE'],
];

/** Resident memory per open stream, including both sockets. */
export async function measureOpenStreams({ caller, start, upstream, streams }) {
  const results = {};
  for (const [name, candidate, onDisconnect] of CANDIDATES) {
    const program = await start(candidate);
    const { url } = program;
    const contextIds = await caller.run('newContextIds', { url, count: streams });
    await sleep(SETTLE_MS);
    const idle = program.residentBytes();
    await caller.run('openStreams', { url, contextIds, ...(onDisconnect && { onDisconnect }) });
    await sleep(SETTLE_MS);
    const open = program.residentBytes();
    await fetch(new URL('/let-go', upstream.url), { signal: AbortSignal.timeout(30_000) });
    await caller.run('readToEnd', { url });
    await program.end();
    results[name] = { streams, kibibytesPerStream: (open - idle) / streams / KIBIBYTE };
  }
  return results;
}
