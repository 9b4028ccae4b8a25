let waiting: (() => void)[] = [];
let isGoingOn = false;

/**
 * Calls `next` at the end of this turn of the event loop, together with all else that waits for it. Requests that come in in one turn,
 * and answers, are so dealt with one right after the other, each with the code and the data of the one before it still in the
 * processor's caches: cohort scheduling (Larus and Parkes, USENIX 2002). What waits is as much as one turn brings. `next` must not throw.
 */
export function joinCohort(next: () => void): void {
  if (waiting.push(next) === 1) setImmediate(goOn);
}

/**
 * Calls `next` with the next cohort where one goes on, whose others may want the same. Outside of one, as streams are, nobody else is about to
 * come: `next` is called in this turn, once the promises that are settled have been heard.
 */
export function afterCohort(next: () => void): void {
  if (isGoingOn) joinCohort(next);
  else process.nextTick(next);
}

function goOn(): void {
  const cohort = waiting;
  waiting = [];
  isGoingOn = true;
  for (const next of cohort) next();
  // A tick comes behind all promises that are settled meanwhile, and those that they settle.
  queueMicrotask(() => process.nextTick(leave));
}

function leave(): void {
  isGoingOn = false;
}
