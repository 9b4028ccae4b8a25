import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { AppError, type AppErrorDetails, ErrorCode, toAppError } from '../errors.js';
import type { Lifetime } from '../lifetime.js';
import type { DetachedWork } from './detached-work.js';
import type { Leases } from './leases.js';
import { DAY_MS, type Store } from './store.js';

export interface Asked {
  callerId: string;
  /** Keys of different operations have nothing to do with each other. */
  operation: string;
  idempotencyKey: string;
  /** As the caller sent it, in an order that does not depend on the caller's. */
  input: { idempotencyKey?: string | null };
}

/** What is kept under a key: the hash of the input, and what was answered once it was. */
interface Kept {
  input: string;
  answer?: unknown;
  error?: { code: ErrorCode; message: string; details: AppErrorDetails };
}

/** First answers, for a day: the same caller, key and input get the same one again. */
export class Answers {
  constructor(
    private readonly store: Store,
    private readonly leases: Leases,
    private readonly detachedWork: DetachedWork,
    private readonly now: () => number,
    private readonly log: Logger,
  ) {}

  /** `run` goes on when the caller leaves: who asks again with the same key gets what it answers. */
  async once<T>(asked: Asked, caller: Lifetime, run: () => Promise<T>): Promise<T> {
    const name = `answer:${hash([asked.callerId, asked.operation, asked.idempotencyKey])}`;
    const { idempotencyKey: _, ...input } = asked.input;
    const claim: Kept = { input: hash(input) };
    const there = await this.store.addValue(name, pack(claim), DAY_MS, this.now());
    const known = there === null ? undefined : readKept(there, claim);
    return known ? replay<T>(known) : this.runOnce(name, claim, caller, run);
  }

  private async runOnce<T>(name: string, claim: Kept, caller: Lifetime, run: () => Promise<T>) {
    const lease = await this.leases.take(name, caller);
    const running = this.runAndKeep(name, claim, run).finally(() => lease.release());
    return this.detachedWork.unlessLeft(running, caller);
  }

  private async runAndKeep<T>(name: string, claim: Kept, run: () => Promise<T>): Promise<T> {
    // The one before may have answered while this one waited.
    const there = await this.store.value(name, this.now());
    const known = there === null ? undefined : readKept(there, claim);
    if (known) return replay<T>(known);
    let answer: T;
    try {
      answer = await run();
    } catch (error) {
      await this.keepFailure(name, claim, toAppError(error)).catch((reason) => this.tellMissed(reason));
      throw error;
    }
    // An answer that has come is passed on even where it cannot be kept.
    return this.keepFirst(name, claim, answer).catch((reason) => {
      this.tellMissed(reason);
      return answer;
    });
  }

  /** What is kept now: another process may have taken over from this one, and have answered before it. */
  private async keepFirst<T>(name: string, claim: Kept, answer: T): Promise<T> {
    const kept = pack({ ...claim, answer });
    if (await this.store.swapValue(name, pack(claim), kept, DAY_MS, this.now())) return answer;
    const there = await this.store.addValue(name, kept, DAY_MS, this.now());
    const first = there === null ? undefined : readKept(there, claim);
    return first && 'answer' in first ? (first.answer as T) : answer;
  }

  private async keepFailure(name: string, claim: Kept, error: AppError): Promise<void> {
    const { code, message, retryable, details } = error;
    const mayBeTriedAgain = retryable || code === ErrorCode.INTERNAL_SERVER_ERROR;
    const failure = { code, message, details: { ...details, cause: undefined } };
    const kept = mayBeTriedAgain ? null : pack({ ...claim, error: failure });
    await this.store.swapValue(name, pack(claim), kept, DAY_MS, this.now());
  }

  private tellMissed(reason: unknown): void {
    this.log.error({ err: reason }, 'the answer to an idempotency key was not kept');
  }
}

/** undefined: claimed but not answered yet. */
function readKept(packed: string, claim: Kept): Kept | undefined {
  const kept = JSON.parse(packed, fromDated) as Kept;
  if (kept.input !== claim.input) {
    const message =
      'This idempotency key was used with another input within the last 24 hours. Take a new key for a new request.';
    throw new AppError(ErrorCode.IDEMPOTENCY_CONFLICT, message);
  }
  return 'answer' in kept || kept.error ? kept : undefined;
}

function replay<T>({ answer, error }: Kept): T {
  if (error) throw new AppError(error.code, error.message, error.details);
  return answer as T;
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
