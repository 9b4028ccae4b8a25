import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { AppError, type AppErrorDetails, ErrorCode, toAppError } from '../errors.js';
import { DAY_MS, type Store } from '../registry/store.js';
import { unlessAborted } from '../util/abort.js';
import type { DetachedWork } from './detached-work.js';
import { keyFate } from './key-fate.js';
import type { Leases } from './leases.js';

export interface Asked {
  callerId: string;
  /** Keys of different operations have nothing to do with each other. */
  operation: string;
  idempotencyKey: string;
  /** As the caller sent it, in an order that does not depend on the caller's. */
  input: { idempotencyKey?: string | null };
}

/** What is kept under a key: the hash of the input, and the outcome once it is known. Without one it is a claim. */
interface Kept {
  input: string;
  answer?: unknown;
  error?: { code: ErrorCode; message: string; details: AppErrorDetails };
}

/**
 * The outcomes of requests with an idempotency key, for a day: the same caller, key and input get the same one again. Who
 * runs a request claims its key under a lease. A claim whose lease has ended was left by a process that died or lost its
 * store, so its request may have been processed and is not sent again.
 */
export class Answers {
  constructor(
    private readonly store: Store,
    private readonly leases: Leases,
    private readonly detachedWork: DetachedWork,
    private readonly now: () => number,
    private readonly log: Logger,
  ) {}

  /** `run` goes on when the caller leaves: who asks again with the same key gets what it answers. */
  async once<T>(asked: Asked, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    const name = `answer:${hash([asked.callerId, asked.operation, asked.idempotencyKey])}`;
    const { idempotencyKey: _, ...input } = asked.input;
    const claim: Kept = { input: hash(input) };
    const there = await this.store.value(name, this.now());
    const kept = there === null ? claim : readKept(there, claim);
    return isClaim(kept) ? this.runOnce(name, claim, signal, run) : replay<T>(kept);
  }

  private async runOnce<T>(name: string, claim: Kept, signal: AbortSignal, run: () => Promise<T>) {
    const lease = await this.leases.take(name, signal);
    const running = this.runAndKeep(name, claim, run).finally(() => lease.release());
    return unlessAborted(signal, this.detachedWork.track(running));
  }

  private async runAndKeep<T>(name: string, claim: Kept, run: () => Promise<T>): Promise<T> {
    const there = await this.store.addValue(name, pack(claim), DAY_MS, this.now());
    if (there !== null) return this.conclude<T>(name, readKept(there, claim));
    let answer: T;
    try {
      answer = await run();
    } catch (error) {
      throw await this.keepFailure(name, claim, error);
    }
    // An answer that has come is passed on even where it cannot be kept.
    await this.keepAnswer(name, claim, answer).catch((reason) => this.logMissed(reason));
    return answer;
  }

  /** The outcome of the request that ran before this one. */
  private async conclude<T>(name: string, kept: Kept): Promise<T> {
    if (!isClaim(kept)) return replay<T>(kept);
    const unknown = { ...kept, error: packError(outcomeUnknown()) };
    await this.swap(name, kept, unknown);
    return replay<T>(unknown);
  }

  private async keepAnswer(name: string, claim: Kept, answer: unknown): Promise<void> {
    if (await this.swap(name, claim, { ...claim, answer })) return;
    // Another process has taken this one for dead.
    await this.swap(name, { ...claim, error: packError(outcomeUnknown()) }, { ...claim, answer });
  }

  /** What the caller is told: a key that is spent makes no second attempt. */
  private async keepFailure(name: string, claim: Kept, error: unknown): Promise<unknown> {
    const fate = keyFate(error);
    const kept = fate === 'spent' ? outcomeUnknown() : toAppError(error);
    const failure = fate === 'free' ? null : { ...claim, error: packError(kept) };
    await this.swap(name, claim, failure).catch((reason) => this.logMissed(reason));
    return fate === 'spent' ? spent(toAppError(error)) : error;
  }

  private swap(name: string, expected: Kept, next: Kept | null): Promise<boolean> {
    return this.store.swapValue(name, pack(expected), next && pack(next), DAY_MS, this.now());
  }

  private logMissed(reason: unknown): void {
    this.log.error({ err: reason }, 'the answer to an idempotency key was not kept');
  }
}

const NEW_KEY =
  'The request may have been processed: look at the context, or take a new key to send it again.';

function outcomeUnknown(): AppError {
  const message = `The answer to a request with this idempotency key is lost. ${NEW_KEY}`;
  return new AppError(ErrorCode.OUTCOME_UNKNOWN, message);
}

function spent({ code, message, details }: AppError): AppError {
  return new AppError(code, `${message} ${NEW_KEY}`, { ...details, retryable: false });
}

function readKept(packed: string, claim: Kept): Kept {
  const kept = JSON.parse(packed, fromDated) as Kept;
  if (kept.input !== claim.input) {
    const message =
      'This idempotency key was used with another input within the last 24 hours. Take a new key for a new request.';
    throw new AppError(ErrorCode.IDEMPOTENCY_CONFLICT, message);
  }
  return kept;
}

function isClaim(kept: Kept): boolean {
  return !('answer' in kept) && !kept.error;
}

function replay<T>({ answer, error }: Kept): T {
  if (error) throw new AppError(error.code, error.message, error.details);
  return answer as T;
}

function packError({ code, message, details }: AppError): NonNullable<Kept['error']> {
  return { code, message, details: { ...details, cause: undefined } };
}

function pack(kept: Kept): string {
  return JSON.stringify(kept, toDated);
}

const DATE = '$date';

/** JSON has no dates; here they are objects with their milliseconds. */
function toDated(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const plain = this[key];
  return plain instanceof Date ? { [DATE]: plain.getTime() } : value;
}

function fromDated(_: string, value: unknown): unknown {
  const isDate = typeof value === 'object' && value !== null && DATE in value;
  return isDate ? new Date((value as { [DATE]: number })[DATE]) : value;
}

function hash(value: object): string {
  const text = JSON.stringify(value, (_, inner) => inner ?? undefined);
  return createHash('sha256').update(text).digest('base64url');
}
