/** `npm run bench`: runs all measurements and writes the results. With `--short` it only checks that they work. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureChatByName } from './measurements/chat-by-name.mjs';
import { measureCreateContext } from './measurements/create-context.mjs';
import { measureGrowth } from './measurements/growth.mjs';
import { measureOpenStreams } from './measurements/open-streams.mjs';
import { measureStart } from './measurements/start.mjs';
import { measureStore } from './measurements/store.mjs';
import { measureStreams } from './measurements/streams.mjs';
import { Caller } from './support/caller.mjs';
import { startCandidate, startUpstream } from './support/candidates.mjs';
import { machine, plotResults, printResults, rounded } from './support/report.mjs';

const FULL = {
  limitMinutes: 40,
  createContext: { starts: 3, warmUpMs: 5_000, rounds: 4, ms: 2_000 },
  // As fast as models generate, and slow enough for every candidate to keep up.
  chatStream: { starts: 3, warmUpMs: 8_000, rounds: 4, ms: 6_000, streams: 100, chunks: 50, everyMs: 40 },
  openStreams: { streams: 5_000 },
  growth: { rounds: 6, ms: 1_500, contexts: [1_000, 1_000_000] },
  chatByName: { rounds: 8, ms: 1_500 },
  store: { rounds: 16, sizes: [1_000, 1_000_000], callers: [1, 10_000], calls: 4_096 },
  start: { starts: 7 },
};
const SHORT = {
  limitMinutes: 5,
  createContext: { starts: 1, warmUpMs: 200, rounds: 1, ms: 200 },
  chatStream: { starts: 1, warmUpMs: 200, rounds: 1, ms: 200, streams: 5, chunks: 10, everyMs: 10 },
  openStreams: { streams: 100 },
  growth: { rounds: 1, ms: 200, contexts: [1_000, 5_000] },
  chatByName: { rounds: 1, ms: 200 },
  store: { rounds: 1, sizes: [1_000, 5_000], callers: [1, 100], calls: 256 },
  start: { starts: 1 },
};

const { short } = parseArgs({ options: { short: { type: 'boolean', default: false } } }).values;
const sizes = short ? SHORT : FULL;
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
setTimeout(() => {
  console.error(`the bench did not end within ${sizes.limitMinutes} minutes`);
  process.exit(1);
}, sizes.limitMinutes * 60_000).unref();

const results = rounded(await measure());
printResults(results);
write(short ? folder : undefined);

async function measure() {
  const upstream = await startUpstream();
  const caller = new Caller();
  const parts = { caller, upstream, folder, start: (name) => startCandidate(name, upstream, folder) };
  const step = (name, measurement) => {
    console.log(`measuring ${name} ...`);
    return measurement({ ...parts, ...sizes[name] });
  };
  const measured = {
    machine: machine(),
    ...(await step('createContext', measureCreateContext)),
    chatStream: await step('chatStream', measureStreams),
    openStreams: await step('openStreams', measureOpenStreams),
    ...(await step('growth', measureGrowth)),
    chatByName: await step('chatByName', measureChatByName),
    store: await step('store', measureStore),
    start: await step('start', measureStart),
  };
  caller.end();
  await upstream.end();
  return measured;
}

/** @param {string} [elsewhere] folder for the meaningless figures of a short run, which must not replace the real ones */
function write(elsewhere) {
  const place = (path) =>
    elsewhere
      ? join(elsewhere, path.split('/').at(-1))
      : fileURLToPath(new URL(`../${path}`, import.meta.url));
  writeFileSync(place('bench/results.json'), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(place('docs/bench.svg'), plotResults(results));
}
