import { setTimeout as pause } from 'node:timers/promises';
import { ErrorCode } from '../../errors.js';
import { type Fate, GatewayError } from '../errors/gateway-error.js';
import type { GatewayOperation } from '../types.js';

const MAX_RETRIES = 2;
/** A longer Retry-After is the caller's to wait for. */
const MAX_WAIT_SECONDS = 2;
/** Doubled at each retry. */
const BACK_OFF_MS = 200;
/** Retries that are allowed on top of a fifth of the calls. */
const SPARE_RETRIES = 10;
const CALLS_PER_RETRY = 5;

/** A call, as far as it matters to sending it again. */
export interface RepeatedCall {
  operation: GatewayOperation;
  /** Whether a second time does no harm, so that a lost answer may be asked for again. */
  repeatable?: boolean;
}

/** What chance and time do; replaced in tests. */
export interface Chance {
  /** From 0 up to 1. */
  random: () => number;
  /** Resolves after so many milliseconds; rejects if the signal aborts first. */
  wait: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

const CHANCE: Chance = {
  random: Math.random,
  wait: (milliseconds, signal) => pause(milliseconds, undefined, { signal }),
};

/** Sends failed calls again where that is safe, and not so often that it becomes the trouble itself. */
export class Retries {
  private readonly budget = new RetryBudget();

  constructor(private readonly chance: Chance = CHANCE) {}

  /** Makes the attempts of one call; none once the signal has aborted. */
  async run<T>(call: RepeatedCall, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    this.budget.earn();
    for (let retries = 0; ; retries++) {
      try {
        return await attempt();
      } catch (error) {
        const delay = delayBeforeRetry(error, call, retries, this.chance.random);
        if (delay === undefined || !this.budget.spend()) throw error;
        await this.chance.wait(delay, signal).catch(() => undefined);
        signal.throwIfAborted();
      }
    }
  }
}

/** Milliseconds until a failed call is sent again; undefined where it must not be. */
export function delayBeforeRetry(
  error: unknown,
  call: RepeatedCall,
  retries: number,
  random: () => number,
): number | undefined {
  if (retries >= MAX_RETRIES || !(error instanceof GatewayError) || !error.retryable) return undefined;
  // Whoever has waited a time-out through has waited enough; TCP itself has knocked several times by then.
  if (error.code === ErrorCode.GATEWAY_TIMEOUT) return undefined;
  const { fate, retryAfter = 0 } = error.failure;
  if (!maySendAgain(fate, call) || retryAfter > MAX_WAIT_SECONDS) return undefined;
  return retryAfter * 1_000 + random() * BACK_OFF_MS * 2 ** retries;
}

/** A session takes in each chat that is read; a context too many costs money and no more. */
function maySendAgain(fate: Fate, { operation, repeatable = false }: RepeatedCall): boolean {
  if (fate === 'unsent') return true;
  if (fate === 'refused') return repeatable || operation !== 'chat';
  return fate === 'lost' && repeatable;
}

/** A token bucket: without it every failed call of a busy server would become three. */
export class RetryBudget {
  private tokens = SPARE_RETRIES * CALLS_PER_RETRY;

  /** A call was made. */
  earn(): void {
    this.tokens = Math.min(this.tokens + 1, SPARE_RETRIES * CALLS_PER_RETRY);
  }

  /** Whether there may be one more retry. */
  spend(): boolean {
    if (this.tokens < CALLS_PER_RETRY) return false;
    this.tokens -= CALLS_PER_RETRY;
    return true;
  }
}
