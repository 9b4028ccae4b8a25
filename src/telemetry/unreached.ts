import type { Logger } from 'pino';
import type { UnreachedReason } from '../gateway/http/finished-call.js';

/** A reason is logged once in so many milliseconds. */
const QUIET_MS = 5_000;

/** Logs why the gateway cannot be reached: each code at most once in QUIET_MS, with the number of suppressed calls. */
export function logUnreached(log: Logger, now: () => number): (reason: UnreachedReason) => void {
  const reasons = new Map<string, { loggedAt: number; suppressed: number }>();
  return ({ code, host, port }) => {
    const last = reasons.get(code);
    if (last && Math.abs(now() - last.loggedAt) < QUIET_MS) {
      last.suppressed++;
      return;
    }
    // The map stays small: there are few codes.
    reasons.set(code, { loggedAt: now(), suppressed: 0 });
    const suppressed = last?.suppressed || undefined;
    log.warn({ code, host, port, suppressed }, 'the gateway cannot be reached');
  };
}
