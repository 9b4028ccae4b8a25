import { setTimeout as pause } from 'node:timers/promises';

/** Ends a server under load, and starts it again after a moment. */
export async function restart(server, signal, { timeline, random }) {
  const over = timeline.begin(signal);
  const code = await server.end(signal);
  await pause(random.between(0, 500));
  await server.start();
  over();
  return signal === 'SIGTERM' && code !== 0 ? [`a server that was told to end ended with ${code}`] : [];
}
