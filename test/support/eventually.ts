import { setTimeout as wait } from 'node:timers/promises';

/** Waits until it holds, or fails after a time that only a defect takes. Where asking is costly, ask less often. */
export async function eventually(holds: () => boolean | Promise<boolean>, everyMs = 5): Promise<void> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await wait(everyMs)) {
    if (await holds()) return;
  }
  expect(await holds()).toBe(true);
}
