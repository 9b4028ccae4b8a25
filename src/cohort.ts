let waiting: (() => void)[] = [];

/**
 * Calls `next` at the end of this turn of the event loop, together with all else that waits for it. Requests that come in in one turn,
 * and answers, are so dealt with one right after the other, each with the code and the data of the one before it still in the
 * processor's caches: cohort scheduling (Larus and Parkes, USENIX 2002). What waits is as much as one turn brings. `next` must not throw.
 */
export function joinCohort(next: () => void): void {
  if (waiting.push(next) === 1) setImmediate(goOn);
}

function goOn(): void {
  const cohort = waiting;
  waiting = [];
  for (const next of cohort) next();
}
