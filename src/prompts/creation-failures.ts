import { LRUCache } from 'lru-cache';
import { AppError, ErrorCode } from '../errors.js';
import { GatewayError } from '../gateway/errors/gateway-error.js';
import { CacheBypassReason } from './types.js';

/** Milliseconds until a failed creation is tried again: the first time, and at most. Doubled with each failure. */
const BACK_OFF_MS = { first: 5_000, longest: 300_000 };
/** Characters of the slots whose failures are remembered. */
const MAX_REMEMBERED = 1_048_576;

interface Failure {
  reason: CacheBypassReason;
  delayMs: number;
  /** Milliseconds since the epoch. */
  until: number;
}

export interface NotedFailure {
  reason: CacheBypassReason;
  retryInMs: number;
}

/** Remembers failed creations, so that a failing one is tried again after a while and not at every chat. */
export class CreationFailures {
  private readonly failures = new LRUCache<string, Failure>({
    maxSize: MAX_REMEMBERED,
    sizeCalculation: (_, slot) => slot.length,
  });

  /** Why there is no context for now; undefined if a creation may be tried. */
  reasonFor(slot: string, now: number): CacheBypassReason | undefined {
    const failure = this.failures.get(slot);
    return failure && now < failure.until ? failure.reason : undefined;
  }

  note(slot: string, error: unknown, now: number): NotedFailure {
    const reason = reasonOf(error);
    const last = this.failures.get(slot);
    const { first, longest } = BACK_OFF_MS;
    // A refusal to cache will not change soon.
    const isTransient = reason === CacheBypassReason.CREATE_FAILED;
    const delayMs = isTransient ? Math.min(last ? last.delayMs * 2 : first, longest) : longest;
    this.failures.set(slot, { reason, delayMs, until: now + delayMs });
    return { reason, retryInMs: delayMs };
  }

  forget(slot: string): void {
    this.failures.delete(slot);
  }
}

function reasonOf(error: unknown): CacheBypassReason {
  if (error instanceof GatewayError && error.failure.isTooShort) return CacheBypassReason.TOO_SHORT;
  const isModel = error instanceof AppError && error.code === ErrorCode.MODEL_NOT_FOUND;
  return isModel ? CacheBypassReason.MODEL_CANNOT_CACHE : CacheBypassReason.CREATE_FAILED;
}
