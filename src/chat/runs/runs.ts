import { createHash, randomUUID } from 'node:crypto';
import type { Leases } from '../../coordination/leases.js';
import { AppError, badUserInput, ErrorCode, idempotencyConflict } from '../../errors.js';
import type { RequestContext } from '../../request-context.js';
import type { StoredRun } from '../../store/runs.js';
import { waitUntil } from '../../util/wait.js';
import type { ChatInput } from '../input.js';
import type { ChatEvent } from '../types.js';
import { LocalRuns, type LocalRunsParts, STOP_WAIT_MS } from './local-runs.js';
import { RemoteRuns, type RemoteRunsParts } from './remote-runs.js';
import { type Run, stopped } from './run.js';
import { RunLog } from './run-log.js';
import { contextOf, toChatRun } from './stored-run.js';
import { type ChatRun, ChatRunStatus } from './types.js';

/** Milliseconds between two looks of a second request with the same idempotency key for the run of the first. */
const OPEN_POLL_MS = 100;
export const MAX_LISTED = 100;
/** Of the answers in one list, in UTF-8. The newest run is listed whatever its length. */
export const MAX_LISTED_BYTES = 4_194_304;
const NO_TEXT = new RunLog();

export interface RunsParts extends LocalRunsParts, RemoteRunsParts {
  leases: Leases;
}

type Events = AsyncGenerator<ChatEvent, void, void>;

/** Which run an idempotency key has started, for which input. */
interface Claim {
  input: string;
  runId: string;
}

/** Chats that outlive the connection that asked for them. Those of this process are shown from memory, others from the store. */
export class Runs {
  private readonly local: LocalRuns;
  private readonly remote: RemoteRuns;

  constructor(private readonly parts: RunsParts) {
    this.local = new LocalRuns(parts);
    this.remote = new RemoteRuns(parts);
  }

  /** Starts a run, or joins the one that this idempotency key has started, and shows it from its beginning. */
  async start(input: ChatInput, request: RequestContext): Promise<Events> {
    if (!this.parts.config.enabled) throw disabled();
    const runId = randomUUID();
    if (input.idempotencyKey == null) return this.begin(runId, input, request);
    const { idempotencyKey, ...asked } = input;
    const name = `run:${hash([request.caller.id, idempotencyKey])}`;
    const claim: Claim = { input: hash(asked), runId };
    // Held until the run exists: a claim without it was left by a process that was killed.
    const opening = await this.parts.leases.acquire(openingOf(runId), request.signal);
    try {
      const first = await this.claim(name, claim, request);
      if (!first) return await this.beginClaimed(name, claim, input, request);
      if (first.input !== claim.input) throw idempotencyConflict();
      void opening.release();
      if (await this.opens(first.runId, request)) return await this.resume(first.runId, 0, request, true);
    } finally {
      await opening.release();
    }
    if ((await this.parts.store.value(name, request.now())) !== null) throw outcomeUnknown();
    // The first request failed before anything was sent, and has released the key.
    return this.start(input, request);
  }

  /** The events beyond a seq, then what comes, then the end. `isNew`: they begin with ChatStarted. */
  async resume(runId: string, after: number, request: RequestContext, isNew = false): Promise<Events> {
    const run = this.ownLocal(runId, request) ?? (await this.remote.open(runId, request));
    return run.view(after, request, isNew);
  }

  async find(runId: string, request: RequestContext): Promise<ChatRun> {
    const run = this.ownLocal(runId, request);
    if (run) return this.describe(run, request);
    const stored = await this.remote.find(runId, request);
    return this.remote.describe(stored, await this.remote.logOf(runId), request);
  }

  /** Those that run or ended lately, the newest first. `withTexts`: with their answers, up to MAX_LISTED_BYTES. */
  async list(request: RequestContext, withTexts: boolean): Promise<ChatRun[]> {
    const runs = await this.parts.store.runs.runsOf(request.caller.id, MAX_LISTED, request.now());
    if (!withTexts) return Promise.all(runs.map((stored) => this.describeAny(stored, NO_TEXT, request)));
    const listed: ChatRun[] = [];
    let bytes = 0;
    for (const stored of runs) {
      const log = this.local.get(stored.id)?.log ?? (await this.remote.logOf(stored.id));
      bytes += log.bytes;
      if (bytes > MAX_LISTED_BYTES && listed.length > 0) break;
      listed.push(await this.describeAny(stored, log, request));
    }
    return listed;
  }

  /** Ends the call to the gateway, in whichever process it is. A run that has ended stays as it is. */
  async stop(runId: string, request: RequestContext): Promise<ChatRun> {
    const run = this.ownLocal(runId, request);
    if (run) {
      run.stop(ChatRunStatus.STOPPED, stopped());
      await waitUntil(() => run.status !== ChatRunStatus.RUNNING, STOP_WAIT_MS);
      return this.describe(run, request);
    }
    const isRunning = async () => (await this.find(runId, request)).status === ChatRunStatus.RUNNING;
    if (await isRunning()) {
      await this.parts.store.runs.requestStop(runId);
      await waitUntil(async () => !(await isRunning()), STOP_WAIT_MS);
    }
    return this.find(runId, request);
  }

  close(graceMs: number): Promise<void> {
    return this.local.close(graceMs);
  }

  private async begin(runId: string, input: ChatInput, request: RequestContext): Promise<Events> {
    const run = await this.local.start(runId, input, request);
    return run.view(0, request, true);
  }

  /** Returns the claim that came first; null if it is this one. */
  private async claim(name: string, claim: Claim, request: RequestContext): Promise<Claim | null> {
    const { store, config, longestChatMs } = this.parts;
    const ttl = longestChatMs + config.keptMs;
    const stored = await store.addValue(name, JSON.stringify(claim), ttl, request.now());
    return stored === null ? null : (JSON.parse(stored) as Claim);
  }

  private async beginClaimed(
    name: string,
    claim: Claim,
    input: ChatInput,
    request: RequestContext,
  ): Promise<Events> {
    try {
      return await this.begin(claim.runId, input, request);
    } catch (error) {
      // Nothing was sent, so the key may start another run.
      const { store } = this.parts;
      await store.compareAndSwapValue(name, JSON.stringify(claim), null, 0, request.now());
      throw error;
    }
  }

  /** Whether the run exists, once the request that starts it no longer waits for its context. */
  private async opens(runId: string, request: RequestContext): Promise<boolean> {
    const { store, longestChatMs } = this.parts;
    const exists = async () =>
      this.local.get(runId) !== undefined || (await store.runs.run(runId, request.now())) !== null;
    const isDecided = async () =>
      request.signal.aborted || (await exists()) || !(await store.isLeaseHeld(openingOf(runId)));
    await waitUntil(isDecided, longestChatMs, OPEN_POLL_MS);
    request.signal.throwIfAborted();
    return exists();
  }

  private ownLocal(runId: string, request: RequestContext): Run | undefined {
    const run = this.local.get(runId);
    return run?.callerId === request.caller.id ? run : undefined;
  }

  private describeAny(stored: StoredRun, log: RunLog, request: RequestContext): Promise<ChatRun> {
    const run = this.local.get(stored.id);
    return run ? this.describe(run, request, log) : this.remote.describe(stored, log, request);
  }

  private async describe(run: Run, request: RequestContext, log = run.log): Promise<ChatRun> {
    const { state } = run;
    return toChatRun(run, state, log, await contextOf(state, this.parts.contexts, request));
  }
}

/** Names the lease of a request that starts this run. */
function openingOf(runId: string): string {
  return `opening:${runId}`;
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url');
}

function disabled(): AppError {
  const message = 'CONTINUE is not available: the operator has disabled runs (RUNS=off)';
  return badUserInput(`input.onDisconnect ${message}`, [{ path: ['input', 'onDisconnect'], message }]);
}

function outcomeUnknown(): AppError {
  const message =
    'The first request with this idempotency key left no run. It may have been processed: check `chatRuns`, or use a new key.';
  return new AppError(ErrorCode.OUTCOME_UNKNOWN, message);
}
