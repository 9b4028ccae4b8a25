import type { Logger } from 'pino';
import type { UnreachedReason } from '../gateway/http/finished-call.js';

/** A reason is logged once in so many milliseconds. */
const QUIET_MS = 5_000;

/** Logs why the gateway cannot be reached: each reason at once, then now and then, with how often it was passed over. */
export function logUnreached(log: Logger, now: () => number): (reason: UnreachedReason) => void {
  const reasons = new Map<string, { loggedAt: number; suppressed: number }>();
  return ({ code, host, port }) => {
    const last = reasons.get(code);
    if (last && Math.abs(now() - last.loggedAt) < QUIET_MS) {
      last.suppressed++;
      return;
    }
    // The codes are few, and those of the system.
    reasons.set(code, { loggedAt: now(), suppressed: 0 });
    const suppressed = last?.suppressed || undefined;
    log.warn({ code, host, port, suppressed }, 'the gateway cannot be reached');
  };
}
