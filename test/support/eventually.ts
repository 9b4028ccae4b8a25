import { setTimeout as wait } from 'node:timers/promises';

/** Waits until it holds, or fails after a time that only a defect takes. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 20_000; performance.now() < deadline; await wait(5)) {
    if (await holds()) return;
  }
  expect(await holds()).toBe(true);
}
