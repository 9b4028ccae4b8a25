import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

const PATH = '/usr/bin/redis-server';
const START_MS = 10_000;

const running = new Set();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

startRedis.isPossible = () => existsSync(PATH);

/** The installed redis-server with its default settings, on a free port, without persistence. @param {string} folder */
export async function startRedis(folder) {
  const port = await freePort();
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(PATH, args.map(String), { cwd: folder, stdio: 'ignore' });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const client = new Redis(port, { lazyConnect: true, retryStrategy: () => 50 });
  client.on('error', () => undefined);
  return {
    url: `redis://127.0.0.1:${port}`,

    async whenReady(store) {
      for (const deadline = performance.now() + START_MS; performance.now() < deadline; await sleep(50)) {
        if (
          await store.check().then(
            () => true,
            () => false,
          )
        )
          return;
      }
      throw new Error('redis-server did not start');
    },

    async usedBytes() {
      return Number(/used_memory:(\d+)/.exec(await client.info('memory'))[1]);
    },

    /** Processor time of all threads, in seconds. */
    cpuSeconds() {
      const tasks = `/proc/${child.pid}/task`;
      const nanoseconds = readdirSync(tasks).map((task) =>
        Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ', 1)[0]),
      );
      return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e9;
    },

    async end() {
      client.disconnect();
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
