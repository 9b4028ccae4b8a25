import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOurs } from '../support/candidates.mjs';
import { createContextBody } from '../support/load/operations.mjs';
import { medians } from '../support/rounds.mjs';

const IDLE_MS = 2_000;
const MEBIBYTE = 1_048_576;

/**
 * From nothing to the first answer, on the sandbox; then how much memory it takes while idle. A Node that has nothing to do
 * is the floor: it says how fast the machine is just now.
 */
export async function measureStart({ folder, starts }) {
  const measured = [];
  for (let count = 0; count < starts; count += 1) measured.push(await startOnce(folder));
  return medians(measured);
}

async function startOnce(folder) {
  const bareNodeMs = startBareNode();
  const from = performance.now();
  const program = await startOurs(folder, {});
  const response = await fetch(program.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: createContextBody(),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = await response.json();
  const firstAnswerMs = performance.now() - from;
  const firstAnswerCpuMs = program.cpuSeconds() * 1_000;
  if (!answer.data?.createContext?.id) throw new Error(JSON.stringify(answer));
  await sleep(IDLE_MS);
  const idleMebibytes = program.residentBytes() / MEBIBYTE;
  await program.end();
  return { bareNodeMs, firstAnswerMs, firstAnswerCpuMs, idleMebibytes };
}

function startBareNode() {
  const from = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - from;
}
