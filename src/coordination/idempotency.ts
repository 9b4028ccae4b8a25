import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { AppError, type AppErrorDetails, ErrorCode, idempotencyConflict, toAppError } from '../errors.js';
import type { RequestContext } from '../request-context.js';
import { DAY_MS } from '../store/hours.js';
import { type Store } from '../store/store.js';
import { unlessAborted } from '../util/abort.js';
import type { DetachedWork } from './detached-work.js';
import type { Leases } from './leases.js';

/** What is stored under a key: the hash of the input, and the outcome once it is known. Until then it is a claim. */
interface Entry {
  input: string;
  answer?: unknown;
  error?: { code: ErrorCode; message: string; details: AppErrorDetails };
}

/**
 * Stores the outcomes of requests with an idempotency key for a day and replays them for the same caller, key and input. A request
 * claims its key under a lease. A claim whose lease has expired was left by a process that crashed or lost its store: its request may
 * have been processed, so it is not sent again.
 */
export class Idempotency {
  constructor(
    private readonly store: Store,
    private readonly leases: Leases,
    private readonly detachedWork: DetachedWork,
    private readonly now: () => number,
    private readonly log: Logger,
  ) {}

  /**
   * Keys of different operations are independent. `input`: its fields in a fixed order. With a key, `run` continues if its client
   * disconnects, so that a retry with the same key gets its outcome.
   */
  async once<T>(
    operation: string,
    { idempotencyKey, ...input }: { idempotencyKey?: string | null },
    request: RequestContext,
    run: (request: RequestContext) => Promise<T>,
  ): Promise<T> {
    if (idempotencyKey == null) return run(request);
    const own = request.detached();
    const name = `answer:${hash([request.caller.id, operation, idempotencyKey])}`;
    const claim: Entry = { input: hash(input) };
    const stored = await this.store.value(name, this.now());
    const entry = stored === null ? claim : readEntry(stored, claim);
    if (!isClaim(entry)) return replay<T>(entry);
    return this.runOnce(name, claim, request.signal, () => run(own));
  }

  private async runOnce<T>(name: string, claim: Entry, signal: AbortSignal, run: () => Promise<T>) {
    const lease = await this.leases.acquire(name, signal);
    const running = this.runAndStore(name, claim, run).finally(() => lease.release());
    return unlessAborted(signal, this.detachedWork.track(running));
  }

  private async runAndStore<T>(name: string, claim: Entry, run: () => Promise<T>): Promise<T> {
    const stored = await this.store.addValue(name, pack(claim), DAY_MS, this.now());
    if (stored !== null) return this.conclude<T>(name, readEntry(stored, claim));
    let answer: T;
    try {
      answer = await run();
    } catch (error) {
      throw await this.storeFailure(name, claim, error);
    }
    // Deliver the answer even if it cannot be stored.
    await this.storeAnswer(name, claim, answer).catch((reason) => this.logNotStored(reason));
    return answer;
  }

  /** Replays the outcome of the previous request; an abandoned claim becomes OUTCOME_UNKNOWN. */
  private async conclude<T>(name: string, entry: Entry): Promise<T> {
    if (!isClaim(entry)) return replay<T>(entry);
    const unknown = { ...entry, error: packError(outcomeUnknown()) };
    await this.swap(name, entry, unknown);
    return replay<T>(unknown);
  }

  private async storeAnswer(name: string, claim: Entry, answer: unknown): Promise<void> {
    if (await this.swap(name, claim, { ...claim, answer })) return;
    // Another process has assumed that this one crashed.
    await this.swap(name, { ...claim, error: packError(outcomeUnknown()) }, { ...claim, answer });
  }

  /** Returns the error for the client: a consumed key does not allow a retry. */
  private async storeFailure(name: string, claim: Entry, error: unknown): Promise<unknown> {
    const state = keyStateAfter(error);
    const failure = state === 'consumed' ? outcomeUnknown() : toAppError(error);
    const entry = state === 'reusable' ? null : { ...claim, error: packError(failure) };
    await this.swap(name, claim, entry).catch((reason) => this.logNotStored(reason));
    return state === 'consumed' ? asConsumed(toAppError(error)) : error;
  }

  private swap(name: string, expected: Entry, next: Entry | null): Promise<boolean> {
    return this.store.compareAndSwapValue(name, pack(expected), next && pack(next), DAY_MS, this.now());
  }

  private logNotStored(reason: unknown): void {
    this.log.error({ err: reason }, 'the answer to an idempotency key was not stored');
  }
}

/** Errors that the gateway would repeat for the same request. */
const PERMANENT: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.BAD_USER_INPUT,
  ErrorCode.CONTEXT_NOT_FOUND,
  ErrorCode.MODEL_NOT_FOUND,
  ErrorCode.CONTENT_REJECTED,
]);

/**
 * The state of an idempotency key after a failure. `reusable`: the request was certainly not processed and may be sent again; `stored`: the
 * gateway would refuse it again, so the error is replayed; `consumed`: it may have been processed.
 */
export function keyStateAfter(error: unknown): 'reusable' | 'stored' | 'consumed' {
  // Bugs can happen at any stage.
  if (!(error instanceof AppError) || error.details.mayHaveBeenProcessed) return 'consumed';
  return error.details.gateway && PERMANENT.has(error.code) ? 'stored' : 'reusable';
}

const NEW_KEY = 'The request may have been processed: check the context, or send it again with a new key.';

function outcomeUnknown(): AppError {
  const message = `The answer to a request with this idempotency key is lost. ${NEW_KEY}`;
  return new AppError(ErrorCode.OUTCOME_UNKNOWN, message);
}

function asConsumed({ code, message, details }: AppError): AppError {
  return new AppError(code, `${message} ${NEW_KEY}`, { ...details, retryable: false });
}

function readEntry(packed: string, claim: Entry): Entry {
  const entry = JSON.parse(packed, reviveDate) as Entry;
  if (entry.input !== claim.input) throw idempotencyConflict();
  return entry;
}

function isClaim(entry: Entry): boolean {
  return !('answer' in entry) && !entry.error;
}

function replay<T>({ answer, error }: Entry): T {
  if (error) throw new AppError(error.code, error.message, error.details);
  return answer as T;
}

function packError({ code, message, details }: AppError): NonNullable<Entry['error']> {
  return { code, message, details: { ...details, cause: undefined } };
}

function pack(entry: Entry): string {
  return JSON.stringify(entry, replaceDate);
}

const DATE = '$date';

/** JSON has no dates; here they are objects with milliseconds. */
function replaceDate(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key];
  return original instanceof Date ? { [DATE]: original.getTime() } : value;
}

function reviveDate(_: string, value: unknown): unknown {
  const isDate = typeof value === 'object' && value !== null && DATE in value;
  return isDate ? new Date((value as { [DATE]: number })[DATE]) : value;
}

function hash(value: object): string {
  const text = JSON.stringify(value, (_, inner) => inner ?? undefined);
  return createHash('sha256').update(text).digest('base64url');
}
