// Loaded before the server by the soak: at a signal it collects garbage and says what is left.
import { setTimeout as pause } from 'node:timers/promises';

process.on('SIGUSR2', async () => {
  // What was let go of a moment ago is garbage only after the second round.
  for (let round = 0; round < 3; round++) {
    globalThis.gc();
    await pause(50);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  process.stderr.write(`${JSON.stringify({ memory: { heapUsed, external, rss } })}\n`);
});
