import { setTimeout as pause } from 'node:timers/promises';
import { FULL } from './timeline.mjs';

const FULL_MS = 2_000;
/** Milliseconds within which a server notices that its store is full, and that there is room again. */
const NOTICE_MS = 5_000;
/** Milliseconds after which no creation is on its way any more that began before the server had noticed, its retries included. */
const ON_ITS_WAY_MS = 3_000;

/**
 * The store takes no writes for a while: the servers say that they are not ready, create nothing that they would have to pay for, and
 * answer chats that need no write. Then there is room again, and nobody has to do anything.
 */
export async function fillForAWhile({ fleet, store, gateway, timeline, prober, random }) {
  const problems = [];
  const servers = fleet.up;
  const over = timeline.begin(FULL);
  try {
    await store.nearlyFill(servers);
    await pause(500);
    await store.fill(servers);
    if (!(await allSay(servers, false)))
      problems.push('a server said that it was ready while its store was full');
    await pause(ON_ITS_WAY_MS);
    const before = gateway.created;
    if (!(await isAnswered(prober, random))) problems.push('no chat was answered while the store was full');
    const billed = gateway.created - before;
    if (billed > 0) problems.push(`${billed} contexts were created while the store was full`);
  } finally {
    await store.empty(servers);
    over();
  }
  if (!(await allSay(servers, true))) problems.push('a server did not recover from a full store by itself');
  return problems;
}

async function allSay(servers, isReady) {
  for (const end = performance.now() + NOTICE_MS; performance.now() < end; await pause(50)) {
    const said = await Promise.all(servers.map((server) => server.isReady()));
    if (said.every((one) => one === isReady)) return true;
  }
  return false;
}

/** Whether chats on a prefix are, among creations and chats that are not, and for longer if need be. */
async function isAnswered(prober, random) {
  let isOne = false;
  const began = performance.now();
  const goesOn = (longest) => performance.now() - began < longest;
  while (goesOn(FULL_MS) || (!isOne && goesOn(FULL_MS + NOTICE_MS))) {
    await prober.create({ isPatient: true });
    const id = random.pick(prober.idsOf('COMMON_PREFIX'));
    if ((await prober.chat(id, { isPatient: true })) === 'OK') isOne = true;
    await pause(20);
  }
  return isOne;
}
