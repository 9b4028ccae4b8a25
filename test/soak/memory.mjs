// Preloaded into the server by the soak: on SIGUSR2 it collects garbage and reports the memory usage.
import { setTimeout as pause } from 'node:timers/promises';

process.on('SIGUSR2', async () => {
  // Recently released objects may need a second collection.
  for (let round = 0; round < 3; round++) {
    globalThis.gc();
    await pause(50);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  process.stderr.write(`${JSON.stringify({ memory: { heapUsed, external, rss } })}\n`);
});
