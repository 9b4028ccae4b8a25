let waiting: (() => void)[] = [];

/**
 * Resolves at the end of this turn of the event loop, together with all else that waits for it. Requests that come in in one turn, and
 * answers, are so dealt with one right after the other, each with the code and the data of the one before it still in the processor's
 * caches: cohort scheduling (Larus and Parkes, USENIX 2002). What waits is as much as one turn brings.
 */
export function joinCohort(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) setImmediate(goOn);
  });
}

function goOn(): void {
  const cohort = waiting;
  waiting = [];
  for (const resolve of cohort) resolve();
}
