import { setTimeout as pause } from 'node:timers/promises';
import { ErrorCode } from '../../errors.js';
import { type Delivery, GatewayError } from '../errors/gateway-error.js';
import type { GatewayOperation } from '../types.js';

const MAX_RETRIES = 2;
/** A longer Retry-After is passed on to the caller. */
const MAX_WAIT_SECONDS = 2;
/** Doubled with each retry. */
const BACK_OFF_MS = 200;
/** Retries allowed in addition to one per five calls. */
const SPARE_RETRIES = 10;
const CALLS_PER_RETRY = 5;

/** What decides whether a call may be sent again. */
export interface RetriedCall {
  operation: GatewayOperation;
  /** Whether sending it twice does no harm, so that it may be repeated after its response was lost. */
  repeatable?: boolean;
}

/** Randomness and waiting; replaced in tests. */
export interface Jitter {
  /** From 0 up to 1. */
  random: () => number;
  /** Resolves after so many milliseconds; rejects if the signal aborts first. */
  wait: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

const JITTER: Jitter = {
  random: Math.random,
  wait: (milliseconds, signal) => pause(milliseconds, undefined, { signal }),
};

/** Sends failed calls again where that is safe, within a budget that keeps retries from overloading the gateway. */
export class Retries {
  private readonly budget = new RetryBudget();

  constructor(private readonly jitter: Jitter = JITTER) {}

  /** Makes the attempts of one call, until the signal aborts. */
  async run<T>(call: RetriedCall, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    this.budget.earn();
    for (let retries = 0; ; retries++) {
      try {
        return await attempt();
      } catch (error) {
        const delay = delayBeforeRetry(error, call, retries, this.jitter.random);
        if (delay === undefined || !this.budget.spend()) throw error;
        await this.jitter.wait(delay, signal).catch(() => undefined);
        signal.throwIfAborted();
      }
    }
  }
}

/** Milliseconds until a failed call is sent again; undefined if it must not be. */
export function delayBeforeRetry(
  error: unknown,
  call: RetriedCall,
  retries: number,
  random: () => number,
): number | undefined {
  if (retries >= MAX_RETRIES || !(error instanceof GatewayError) || !error.retryable) return undefined;
  // After a timeout the caller has waited long enough, and TCP has retried by itself.
  if (error.code === ErrorCode.GATEWAY_TIMEOUT) return undefined;
  const { delivery, retryAfter = 0 } = error.failure;
  if (!maySendAgain(delivery, call) || retryAfter > MAX_WAIT_SECONDS) return undefined;
  return retryAfter * 1_000 + random() * BACK_OFF_MS * 2 ** retries;
}

/** A session keeps every chat that the gateway read; an extra context only costs money. */
function maySendAgain(delivery: Delivery, { operation, repeatable = false }: RetriedCall): boolean {
  if (delivery === 'unsent') return true;
  if (delivery === 'refused') return repeatable || operation !== 'chat';
  return delivery === 'lost' && repeatable;
}

/** A token bucket: without it, every failing call of a busy server would become three. */
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
