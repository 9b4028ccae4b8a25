import { createHash, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { RunsConfig } from '../../config/config.js';
import type { Contexts } from '../../contexts/contexts.js';
import { LEASE_MS, RENEW_MS } from '../../coordination/leases.js';
import { AppError, badUserInput, ErrorCode, runNotFound, shuttingDown } from '../../errors.js';
import type { StoredRun } from '../../registry/runs.js';
import type { Store } from '../../registry/store.js';
import type { RequestContext } from '../../request-context.js';
import { newWork, type Watch } from '../../telemetry/work.js';
import { waitUntil } from '../../util/wait.js';
import type { Chats } from '../chats.js';
import type { ChatInput } from '../input.js';
import type { ChatEvent } from '../types.js';
import { RemoteRun } from './remote-run.js';
import { Run, stopped, unwatched } from './run.js';
import { RunLog } from './run-log.js';
import { RunWriter } from './run-writer.js';
import { asInterrupted, contextOf, stateOf, toChatRun, toEvent } from './stored-run.js';
import { type ChatRun, ChatRunStatus } from './types.js';

/** Milliseconds between two looks of a process at what it was asked to stop. */
const POLL_MS = 50;
/** Milliseconds that a second request with the same idempotency key waits for the run of the first. */
const OPEN_WAIT_MS = 15_000;
/** Milliseconds that stopChat waits for another process. */
const STOP_WAIT_MS = 5_000;
const MAX_LISTED = 100;

export interface RunsParts {
  chats: Chats;
  contexts: Contexts;
  store: Store;
  now: () => number;
  log: Logger;
  config: RunsConfig;
  /** Called with the work of each run once it has ended; must not throw. */
  watch: Watch;
  /** Milliseconds after which a call to the gateway has certainly ended. */
  longestChatMs: number;
}

type Events = AsyncGenerator<ChatEvent, void, void>;

/** Chats that outlive the connection that asked for them. Those of this process are shown from memory, others from the store. */
export class Runs {
  private readonly local = new Map<string, Run>();
  /** Those of other processes that are watched in this one. */
  private readonly remote = new Map<string, RemoteRun>();
  /** Names the lease of this process while it has runs. */
  private holder = randomUUID();
  private readonly writer: RunWriter;
  private timers: NodeJS.Timeout[] = [];

  constructor(private readonly parts: RunsParts) {
    const { store, now, log } = parts;
    this.writer = new RunWriter({
      store: store.runs,
      now,
      goneAt: (run) => this.goneAt(run),
      onStored: (run) => void this.local.delete(run.id),
      log,
    });
  }

  /** Starts a run, or joins the one that this idempotency key has started, and shows it from its beginning. */
  async start(input: ChatInput, request: RequestContext): Promise<Events> {
    if (!this.parts.config.enabled) throw disabled();
    const { idempotencyKey, ...asked } = input;
    if (idempotencyKey == null) return this.begin(input, request);
    const name = `run:${hash([request.caller.id, idempotencyKey])}`;
    const claim = { input: hash(asked), runId: randomUUID() };
    const { store, config } = this.parts;
    const ttl = this.parts.longestChatMs + config.keptMs;
    const stored = await store.addValue(name, JSON.stringify(claim), ttl, request.now());
    if (stored === null) {
      return this.begin(input, request, claim.runId).catch(async (error) => {
        // Nothing was sent, so the key may start another run.
        await store.compareAndSwapValue(name, JSON.stringify(claim), null, 0, request.now());
        throw error;
      });
    }
    const first = JSON.parse(stored) as typeof claim;
    if (first.input !== claim.input) throw conflict();
    // The first request may still be opening its context.
    await waitUntil(() => this.exists(first.runId, request), OPEN_WAIT_MS);
    if (!(await this.exists(first.runId, request))) throw outcomeUnknown();
    return this.resume(first.runId, 0, request, true);
  }

  /** The events beyond a seq, then what comes, then the end. `isNew`: they begin with ChatStarted. */
  async resume(runId: string, after: number, request: RequestContext, isNew = false): Promise<Events> {
    const run = this.local.get(runId);
    if (run?.callerId === request.caller.id) return run.view(after, request, isNew);
    await this.findStored(runId, request);
    return this.remoteRun(runId, request).view(after, request, isNew);
  }

  async find(runId: string, request: RequestContext): Promise<ChatRun> {
    const run = this.local.get(runId);
    if (run?.callerId === request.caller.id) return this.describe(run, request);
    return this.describeStored(await this.findStored(runId, request), request);
  }

  /** Those that run or ended lately, the newest first. */
  async list(request: RequestContext): Promise<ChatRun[]> {
    const { store } = this.parts;
    const runs = await store.runs.runsOf(request.caller.id, MAX_LISTED, request.now());
    return Promise.all(
      runs.map((stored) => {
        const run = this.local.get(stored.id);
        return run ? this.describe(run, request) : this.describeStored(stored, request);
      }),
    );
  }

  /** Ends the call to the gateway, in whichever process it is. A run that has ended stays as it is. */
  async stop(runId: string, request: RequestContext): Promise<ChatRun> {
    const run = this.local.get(runId);
    if (run?.callerId === request.caller.id) {
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

  /** Waits for the runs, then interrupts those that still run. */
  async close(graceMs: number): Promise<void> {
    const isIdle = () => [...this.local.values()].every(({ status }) => status !== ChatRunStatus.RUNNING);
    await waitUntil(isIdle, graceMs);
    for (const run of this.local.values()) run.stop(ChatRunStatus.INTERRUPTED, shuttingDown());
    await waitUntil(isIdle, STOP_WAIT_MS);
    await this.writer.flush();
    await this.letGo();
  }

  private async begin(input: ChatInput, request: RequestContext, runId = randomUUID()): Promise<Events> {
    // Its viewers' operations may end before it, so its work is reported at its own end.
    const own = request.detached(newWork());
    const chat = await this.parts.chats.open(input, own);
    const { maxBytes } = this.parts.config;
    const run = new Run(runId, chat, own, { maxBytes, onChange: (changed) => this.writer.add(changed) });
    await this.register(run);
    void run.drive().then(() => this.report(run, own));
    return run.view(0, request, true);
  }

  private report(run: Run, { requestId, callerId, work, startedAt }: RequestContext): void {
    const durationMs = (run.endedAt ?? startedAt) - startedAt;
    const facts = {
      kind: 'run',
      name: undefined,
      fields: ['run'],
      requestId,
      callerId,
      startedAt,
      durationMs,
    };
    this.parts.watch({ ...work, ...facts });
  }

  /** A run that cannot be stored is shown by this process alone. */
  private async register(run: Run): Promise<void> {
    const { store, log } = this.parts;
    this.local.set(run.id, run);
    const { id, callerId, startedAt } = run;
    try {
      await this.hold();
      const goneAt = this.goneAt(run);
      const data = JSON.stringify(run.state);
      await store.runs.createRun({
        id,
        callerId,
        holder: this.holder,
        startedAt,
        goneAt,
        watchedAt: startedAt,
        data,
      });
    } catch (err) {
      log.error({ runId: id, err }, 'a run cannot be stored, so no other process can show it');
    }
  }

  /** Other processes take a run for interrupted once its holder's lease has expired. */
  private async hold(): Promise<void> {
    if (this.timers.length > 0) return;
    const every = (ms: number, work: () => Promise<unknown>) =>
      setInterval(() => void work().catch(() => undefined), ms).unref();
    // The release of the last lease may still be on its way.
    const holder = randomUUID();
    this.holder = holder;
    const renew = () => this.parts.store.acquireLease(leaseOf(holder), holder, LEASE_MS);
    this.timers = [
      every(RENEW_MS, renew),
      every(POLL_MS, () => this.stopRequested()),
      every(Math.min(this.parts.config.unwatchedMs, 1_000), () => this.stopUnwatched()),
    ];
    await renew();
  }

  /** Without runs, a process need not wake up for them. */
  private async letGo(): Promise<void> {
    if (this.timers.length === 0) return;
    for (const timer of this.timers) clearInterval(timer);
    this.timers = [];
    await this.parts.store.releaseLease(leaseOf(this.holder), this.holder).catch(() => undefined);
  }

  private async stopRequested(): Promise<void> {
    if (this.local.size === 0) return this.letGo();
    for (const id of await this.parts.store.runs.stopRequests(this.holder))
      this.local.get(id)?.stop(ChatRunStatus.STOPPED, stopped());
  }

  private async stopUnwatched(): Promise<void> {
    const { store, now, config } = this.parts;
    for (const run of this.local.values()) {
      // It could not be stored.
      if (run.endedAt !== null && now() - run.endedAt >= config.keptMs) this.local.delete(run.id);
      const isOver = (watchedAt: number) => !run.isWatched && now() - watchedAt >= config.unwatchedMs;
      if (run.status !== ChatRunStatus.RUNNING || !isOver(run.watchedAt)) continue;
      const stored = await store.runs.run(run.id, now()).catch(() => null);
      if (isOver(Math.max(run.watchedAt, stored?.watchedAt ?? 0)))
        run.stop(ChatRunStatus.STOPPED, unwatched());
    }
  }

  private goneAt({ startedAt, endedAt }: Run): number {
    const { config, longestChatMs } = this.parts;
    return (endedAt ?? startedAt + longestChatMs) + config.keptMs;
  }

  private remoteRun(runId: string, request: RequestContext): RemoteRun {
    const watched = this.remote.get(runId);
    if (watched) return watched;
    const { store, now, config } = this.parts;
    const run = new RemoteRun(runId, {
      store: store.runs,
      now,
      reportEveryMs: config.unwatchedMs / 4,
      endOf: () => this.endOf(runId, request),
      onIdle: () => void this.remote.delete(runId),
    });
    this.remote.set(runId, run);
    return run;
  }

  private async endOf(runId: string, request: RequestContext) {
    const state = await this.currentState(await this.findStored(runId, request));
    return state.end && toEvent(state.end, await contextOf(state, this.parts.contexts, request));
  }

  private async exists(runId: string, request: RequestContext): Promise<boolean> {
    return this.local.has(runId) || (await this.parts.store.runs.run(runId, request.now())) !== null;
  }

  private async findStored(runId: string, request: RequestContext): Promise<StoredRun> {
    const stored = await this.parts.store.runs.run(runId, request.now());
    if (stored?.callerId !== request.caller.id) throw runNotFound();
    return stored;
  }

  private async describe(run: Run, request: RequestContext): Promise<ChatRun> {
    const { state } = run;
    return toChatRun(run, state, run.log, await contextOf(state, this.parts.contexts, request));
  }

  private async describeStored(stored: StoredRun, request: RequestContext): Promise<ChatRun> {
    const log = new RunLog();
    for (const { data } of await this.parts.store.runs.runParts(stored.id, 0)) log.unpack(data);
    const state = await this.currentState(stored);
    return toChatRun(stored, state, log, await contextOf(state, this.parts.contexts, request));
  }

  private async currentState(stored: StoredRun) {
    const state = stateOf(stored);
    if (state.end) return state;
    return (await this.parts.store.isLeaseHeld(leaseOf(stored.holder))) ? state : asInterrupted(state);
  }
}

function leaseOf(holder: string): string {
  return `runs:${holder}`;
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
    'The request that had this idempotency key first has left no run. It may have been processed: look at `chatRuns`, or send it again with a new key.';
  return new AppError(ErrorCode.OUTCOME_UNKNOWN, message);
}

function conflict(): AppError {
  const message = 'This idempotency key was used with a different input. Choose another key.';
  return new AppError(ErrorCode.IDEMPOTENCY_CONFLICT, message);
}
