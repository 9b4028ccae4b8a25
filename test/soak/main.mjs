#!/usr/bin/env node
/**
 * Two built servers on one store under load for a while: a gateway that fails at random, callers over all transports who leave at random,
 * send the same again and all at once, resume what they left, servers that are ended and killed, and a store without room. At the end the gateway is well: the
 * server must serve again, nothing may be open, memory must be flat, everything that was answered must still be there, nothing that must
 * not be processed twice may be in the gateway's ledger twice, and quotas must have held.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { burst } from './bursts.mjs';
import { Caller } from './callers.mjs';
import { fillForAWhile } from './full-store.mjs';
import { Gateway } from './gateway.mjs';
import { grown, judgeCallers, judgeSpenders, leftOpen, megabytes } from './judge.mjs';
import { Ledger } from './ledger.mjs';
import { QUOTA, Spenders } from './quota.mjs';
import { Random } from './random.mjs';
import { restart } from './restarts.mjs';
import { Fleet, Server } from './server.mjs';
import { FileStore, RedisStore } from './store.mjs';
import { FULL, RESTART, STALL, Timeline } from './timeline.mjs';

const CALLERS = 8;
/** How long it may take to serve again once the gateway is well: longer than the circuit breaker rests. */
const RECOVERY_MS = 10_000;
/** Milliseconds between two troubles, and between two bursts, at most. */
const CALM_MS = 12_000;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: '1' },
    redis: { type: 'boolean', default: false },
  },
});
const seconds = values.minutes ? Number(values.minutes) * 60 : Number(values.seconds);
const seed = Number(values.seed);
if (!(seconds > 0) || !Number.isInteger(seed)) {
  console.error('Usage: npm run soak -- [--seconds 60 | --minutes N] [--seed 1] [--redis]');
  process.exit(2);
}

let seeds = seed;
const newRandom = () => new Random(++seeds);
const folder = mkdtempSync(join(tmpdir(), 'soak-'));
const store = values.redis ? await RedisStore.start() : new FileStore(folder);
const [ledger, timeline] = [new Ledger(), new Timeline()];
const gateway = new Gateway(newRandom(), ledger);
const settings = { gatewayUrl: await gateway.listen(), storeUrl: store.url, quota: QUOTA, timeline };
const [server, second] = [new Server(settings), new Server(settings)];
const fleet = new Fleet([server, second]);
const world = { fleet, store, gateway, ledger, timeline, random: newRandom() };
const callers = Array.from({ length: CALLERS }, (_, at) => new Caller(`caller-${at}`, world, newRandom()));
world.prober = new Caller('prober', world, newRandom());
const spenders = new Spenders(world, newRandom);
const problems = [];
// Something hangs.
setTimeout(() => finish(['it did not come to its end in time']), (seconds * 2 + 120) * 1_000).unref();
try {
  await soak();
} catch (error) {
  problems.push(error.stack);
}
finish(problems);

async function soak() {
  timeline.watchStalls();
  await server.start();
  await second.start();
  while (world.prober.idsOf('COMMON_PREFIX').length < 10)
    await world.prober.create({ mode: 'COMMON_PREFIX', isPatient: true });
  const outages = haveOutages();
  const full = store.cannotFill ? [] : [() => fillForAWhile(world)];
  if (store.cannotFill) console.log(store.cannotFill);
  const restarts = (one) => RESTART.map((signal) => () => restart(one, signal, world));
  await load(0.3, restarts(server), [...restarts(second), ...full]);
  // From here on the first server is left to run, and the second goes on being ended.
  await load(0.1);
  await quiet();
  const warm = await server.memory();
  await load(0.6, [...restarts(second), ...full], [...restarts(second), ...restarts(second)]);
  outages.end();
  await second.end('SIGTERM');
  // The circuit breaker may be open from the last outage; only a call that is answered closes it.
  Object.assign(gateway, { isDead: false, isWell: true });
  if (!(await isServed())) problems.push('it did not serve again once the gateway was well');
  await quiet({ isConnected: false });
  const end = await server.memory();
  problems.push(...(await leftOpen(gateway, server)), ...grown(warm, end));
  await judgeAll();
  const code = await server.end('SIGTERM');
  if (code !== 0) problems.push(`it ended with ${code}`);
  if ((await gateway.connections()) > 0) problems.push('a connection to the gateway outlived it');
  for (const [complaint, count] of counted([...server.complaints, ...second.complaints]))
    problems.push(`logged ${count} times: ${complaint}`);
  for (const kind of ['heapUsed', 'external', 'rss'])
    console.log(`${kind}: ${megabytes(warm[kind])} warm, ${megabytes(end[kind])} at the end`);
}

/** Load and bursts for a share of the time, and until there was each of the troubles once; `others`: where there is time. */
async function load(share, troubles = [], others = []) {
  const end = performance.now() + seconds * share * 1_000;
  let isOver = false;
  const goesOn = () => !isOver;
  const isTime = () => performance.now() < end;
  const calm = () => pause(world.random.between(0, Math.min(CALM_MS, seconds * 20)));
  const loaded = Promise.all([...callers, spenders].map((caller) => caller.run(goesOn)));
  const bursting = burst(callers, world, isTime, calm);
  try {
    for (let number = 0; number < troubles.length || isTime(); number++) {
      await calm();
      const trouble =
        number < troubles.length ? troubles[number] : world.random.pick([...troubles, ...others]);
      problems.push(...((await trouble?.()) ?? []));
    }
    await bursting;
  } finally {
    isOver = true;
  }
  await loaded;
}

/** Interrupts the gateway from time to time, long enough for the circuit breaker to open. */
function haveOutages() {
  const timer = setInterval(async () => {
    gateway.isDead = true;
    await pause(1_000);
    gateway.isDead = false;
  }, 15_000);
  return { end: () => clearInterval(timer) };
}

/** Waits until nothing runs. Aborted calls take a moment to end, and idle connections are kept for some seconds. */
async function quiet({ isConnected = true } = {}) {
  const deadline = performance.now() + 15_000;
  while (performance.now() < deadline) {
    const isBusy = gateway.running > 0 || (await server.gauge('operations_in_flight')) > 0;
    if (!isBusy && (isConnected || (await gateway.connections()) === 0)) return;
    await pause(100);
  }
}

async function isServed() {
  for (const end = performance.now() + RECOVERY_MS; performance.now() < end; await pause(200)) {
    if ((await world.prober.create({ isPatient: true })) === 'OK') return true;
  }
  return false;
}

async function judgeAll() {
  const all = [...callers, world.prober, ...spenders.all.map(({ caller }) => caller)];
  problems.push(...(await judgeCallers(all, world)));
  for (const caller of all) await caller.leave();
  const quota = judgeSpenders(spenders.all, world);
  const twice = ledger.nothingTwice(timeline);
  problems.push(...quota.problems, ...twice.problems);
  const outcomes = new Map();
  for (const [outcome, count] of all.flatMap((caller) => [...caller.outcomes]))
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
  const troubles = [...RESTART, FULL, STALL].map((kind) => `${timeline.count(kind)} ${kind}`);
  console.log(
    `seed ${seed}, ${seconds} s, ${gateway.requests} requests to the gateway; ${troubles.join(', ')}`,
  );
  console.log('outcomes:', Object.fromEntries(outcomes));
  console.log(`processed once: ${twice.judged} requests with a key, turns and shared prefixes`);
  for (const line of quota.lines) console.log(line);
  console.log(`failed writes logged while the store was full: ${server.failedWrites + second.failedWrites}`);
}

/** How often each is there. */
function counted(lines) {
  const counts = new Map();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

function finish(found) {
  gateway.close();
  for (const one of fleet.servers) one.kill();
  store.close();
  rmSync(folder, { recursive: true, force: true });
  for (const problem of found) console.error(`FAILED: ${problem}`);
  if (found.length === 0)
    console.log('Nothing is open, nothing came twice, memory is flat, and all that was answered is there.');
  process.exit(found.length === 0 ? 0 : 1);
}
