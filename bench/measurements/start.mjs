import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOurs } from '../support/candidates.mjs';
import { createContextBody } from '../support/load/operations.mjs';
import { interleave, medians } from '../support/rounds.mjs';

const IDLE_MS = 2_000;
const MEBIBYTE = 1_048_576;

/**
 * Time from the start of the process to the first answer, with a gateway and with the sandbox, which also loads a tokenizer;
 * then memory and processor time while idle. A bare Node is the lower bound and shows the machine's current speed.
 */
export async function measureStart({ folder, starts, upstream }) {
  const settings = {
    'before the gateway': { GATEWAY_URL: upstream.url, GATEWAY_API_KEY: 'sk-bench', AUTH_MODE: 'none' },
    'on the sandbox': {},
  };
  const names = ['bare Node', ...Object.keys(settings)];
  const measured = await interleave(names, starts, (name) =>
    name === 'bare Node' ? startBareNode() : startOnce(folder, settings[name]),
  );
  return Object.fromEntries(names.map((name, place) => [name, medians(measured[place])]));
}

async function startOnce(folder, env) {
  const from = performance.now();
  const program = await startOurs(folder, env);
  const response = await fetch(program.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: createContextBody(),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = await response.json();
  const startMs = performance.now() - from;
  const cpuMs = program.cpuSeconds() * 1_000;
  if (!answer.data?.createContext?.id) throw new Error(JSON.stringify(answer));
  await sleep(IDLE_MS);
  const idleMebibytes = program.residentBytes() / MEBIBYTE;
  const idleFrom = program.cpuSeconds();
  await sleep(IDLE_MS);
  const idleCpuMsPerSecond = ((program.cpuSeconds() - idleFrom) / (IDLE_MS / 1_000)) * 1_000;
  await program.end();
  return { startMs, cpuMs, idleMebibytes, idleCpuMsPerSecond };
}

function startBareNode() {
  const from = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return { startMs: performance.now() - from };
}
