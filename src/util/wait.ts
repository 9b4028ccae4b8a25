import { setTimeout as pause } from 'node:timers/promises';

/** Waits for the work, at most so many milliseconds. */
export async function within(milliseconds: number, work: Promise<unknown> | undefined): Promise<void> {
  const timer = new AbortController();
  const timeout = pause(Math.max(milliseconds, 0), undefined, { signal: timer.signal }).catch(
    () => undefined,
  );
  try {
    await Promise.race([work, timeout]);
  } finally {
    timer.abort();
  }
}

/** Polls the condition until it is true, at most so many milliseconds. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  milliseconds: number,
  everyMs = 20,
): Promise<void> {
  const deadline = performance.now() + milliseconds;
  while (!(await condition()) && performance.now() < deadline) await pause(everyMs);
}
