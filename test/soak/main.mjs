#!/usr/bin/env node
/**
 * Runs the built server under load, with a gateway that fails at random, callers on all transports that abort at random, and a
 * kill of the server. At the end the gateway is healthy: the server must serve again, nothing may be left open, memory must be flat,
 * and every answered context must still exist.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Caller } from './callers.mjs';
import { Gateway } from './gateway.mjs';
import { Random } from './random.mjs';
import { Server } from './server.mjs';

const CALLERS = 8;
/** Permitted growth of the heap in bytes, from the end of the warm-up to the end. */
const MAX_GROWTH = 6 * 1024 * 1024;
/** Time to serve again after the gateway recovers; longer than the circuit breaker stays open. */
const RECOVERY_MS = 10_000;
/** Permitted outcomes of a correct server with a faulty gateway. */
const EXPECTED =
  /^(OK|left|cut|RATE_LIMITED|GATEWAY_(TIMEOUT|UNAVAILABLE|BAD_RESPONSE)|CONTEXT_NOT_FOUND|IDEMPOTENCY_CONFLICT|OUTCOME_UNKNOWN)$/;

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

const random = new Random(seed);
const folder = mkdtempSync(join(tmpdir(), 'soak-'));
const redis = values.redis ? await startRedis() : undefined;
const gateway = new Gateway(random);
const server = new Server(await gateway.listen(), redis?.url ?? `sqlite:${join(folder, 'contexts.db')}`);
const problems = [];
// Report a hang.
setTimeout(() => finish(['it did not come to its end in time']), (seconds * 2 + 60) * 1_000).unref();
try {
  problems.push(...(await soak()));
} catch (error) {
  problems.push(error.stack);
}
finish(problems);

async function soak() {
  await server.start();
  const callers = Array.from(
    { length: CALLERS },
    (_, at) => new Caller(`caller-${at}`, server, new Random(seed + at + 1)),
  );
  const load = async (share) => {
    const end = performance.now() + seconds * share * 1_000;
    await Promise.all(callers.map((caller) => caller.run(() => performance.now() < end)));
  };
  // Kill the server under load, then load the new one until it is warm.
  const loaded = load(0.4);
  await pause(seconds * 200);
  while (contextsOf(callers) < CALLERS) await pause(20);
  await server.end('SIGKILL');
  await server.start();
  const outage = haveOutages();
  await loaded;
  await load(0.1);
  await quiet();
  const warm = await server.memory();
  for (const caller of callers) caller.cut = 'cut off by a server that was there';
  await load(0.5);
  outage.end();
  // The circuit breaker may still be open after the last outage; only a successful call closes it.
  Object.assign(gateway, { isDead: false, isWell: true });
  const isServed = await callers[0].isServed(RECOVERY_MS);
  await quiet({ isConnected: false });
  const end = await server.memory();
  const found = [...(await leftOpen()), ...grown(warm, end), ...unexpected(callers)];
  if (!isServed) found.push('it did not serve again once the gateway was well');
  for (const caller of callers) {
    for (const [id] of await caller.missing())
      found.push(`${id} was answered and is not there, or less than it was`);
    await caller.leave();
  }
  const code = await server.end('SIGTERM');
  if (code !== 0) found.push(`it ended with ${code}`);
  if ((await gateway.connections()) > 0) found.push('a connection to the gateway outlived it');
  report(callers, warm, end);
  return [...found, ...new Set(server.complaints)];
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

async function leftOpen() {
  const open = {
    'requests at the gateway': gateway.running,
    'connections to the gateway': await gateway.connections(),
    streams: await server.gauge('streams_open'),
    operations: await server.gauge('operations_in_flight'),
    'circuit breakers': await server.gauge('gateway_breaker_state'),
  };
  return Object.entries(open)
    .filter(([, count]) => count !== 0)
    .map(([what, count]) => `open at the end: ${count} ${what}`);
}

function grown(warm, end) {
  const growth = end.heapUsed + end.external - warm.heapUsed - warm.external;
  return growth > MAX_GROWTH ? [`memory grew by ${megabytes(growth)}`] : [];
}

function unexpected(callers) {
  return [...outcomesOf(callers)]
    .filter(([outcome]) => !EXPECTED.test(outcome))
    .map(([outcome, count]) => `callers were told ${count} times: ${outcome}`);
}

function outcomesOf(callers) {
  const sums = new Map();
  for (const { outcomes } of callers) {
    for (const [outcome, count] of outcomes) sums.set(outcome, (sums.get(outcome) ?? 0) + count);
  }
  return sums;
}

function report(callers, warm, end) {
  const contexts = contextsOf(callers);
  console.log(
    `seed ${seed}, ${seconds} s, ${gateway.requests} requests to the gateway, ${contexts} contexts`,
  );
  console.log('outcomes:', Object.fromEntries(outcomesOf(callers)));
  for (const kind of ['heapUsed', 'external', 'rss']) {
    console.log(`${kind}: ${megabytes(warm[kind])} warm, ${megabytes(end[kind])} at the end`);
  }
}

function contextsOf(callers) {
  return callers.reduce((sum, { answered }) => sum + answered.size, 0);
}

function megabytes(bytes) {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function finish(found) {
  gateway.close();
  server.kill();
  redis?.child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  for (const problem of found) console.error(`FAILED: ${problem}`);
  if (found.length === 0) console.log('Nothing is open, memory is flat, and all that was answered is there.');
  process.exit(found.length === 0 ? 0 : 1);
}

/** A redis-server on a free port, without persistence. */
async function startRedis() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  return { child, url: `redis://127.0.0.1:${port}` };
}
