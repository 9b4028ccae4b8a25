let waiting: (() => void)[] = [];

/**
 * Resolves at the end of this turn of the event loop, together with all else that waits for it. Pieces of work of one kind
 * that come up in one turn are so done one right after the other, each with the code and the data of the one before it
 * still in the processor's caches: cohort scheduling (Larus and Parkes, USENIX 2002), a fifth of a createContext. What waits
 * is as much as one turn brings.
 */
export function joinCohort(): Promise<void> {
  return new Promise(inCohort);
}

/** The same for a call. */
export function inCohort(call: () => void): void {
  if (waiting.length > 0) {
    waiting.push(call);
    return;
  }
  // The first place in an empty array would make room for 17, and most turns bring one.
  waiting = [call];
  setImmediate(goOn);
}

function goOn(): void {
  const cohort = waiting;
  waiting = [];
  for (const resolve of cohort) resolve();
}
