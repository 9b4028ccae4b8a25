/** `node bench/profile.mjs`: profiles our server's processor time under createContext and chatStream. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Caller } from './support/caller.mjs';
import { startOurs, startUpstream, UNBUNDLED } from './support/candidates.mjs';

const SECONDS = 6;
const TOP = 25;

const upstream = await startUpstream();
const caller = new Caller();
const loads = {
  createContext: (url) => caller.run('createContexts', { url, connections: 64, ms: SECONDS * 1_000 }),
  chatStream: async (url) => {
    const contextIds = await caller.run('newContextIds', { url, count: 100 });
    const pace = { transport: 'sse', chunks: 50, everyMs: 40, ms: SECONDS * 1_000 };
    await caller.run('chatStreams', { url, contextIds, ...pace });
  },
};
for (const [name, load] of Object.entries(loads)) {
  const profile = await profileUnder(load);
  console.log(`\n${name}: share of self time by package, then by function`);
  console.table(shares(profile, ({ url }) => packageOf(url)));
  console.table(
    shares(profile, ({ functionName, url }) => `${functionName || '(anonymous)'} ${placeOf(url)}`),
  );
}
caller.end();
await upstream.end();

async function profileUnder(load) {
  const folder = mkdtempSync(join(tmpdir(), 'profile-'));
  try {
    const gateway = { GATEWAY_URL: upstream.url, GATEWAY_API_KEY: 'sk-bench', AUTH_MODE: 'none' };
    const options = ['--cpu-prof', `--cpu-prof-dir=${folder}`];
    const server = await startOurs(folder, gateway, options, UNBUNDLED);
    await load(server.url);
    await server.end();
    const [file] = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
    return JSON.parse(readFileSync(join(folder, file), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Self time by group, without idle time. */
function shares({ nodes, samples, timeDeltas }, nameOf) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map();
  let total = 0;
  for (const [place, id] of samples.entries()) {
    const frame = frames.get(id);
    if (frame.functionName === '(idle)' || frame.functionName === '(program)') continue;
    const name = nameOf(frame);
    times.set(name, (times.get(name) ?? 0) + timeDeltas[place]);
    total += timeDeltas[place];
  }
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, TOP)
    .map(([name, time]) => ({ name, percent: Number(((100 * time) / total).toFixed(1)) }));
}

function packageOf(url) {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  if (name) return name;
  if (url.startsWith('node:')) return 'Node';
  return url === '' ? 'V8' : 'src';
}

function placeOf(url) {
  return url.replace(/^file:\/\/.*\/(node_modules|build)\//, '');
}
