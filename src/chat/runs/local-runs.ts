import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { RunsConfig } from '../../config/config.js';
import { LEASE_MS, RENEW_MS } from '../../coordination/leases.js';
import { shuttingDown } from '../../errors.js';
import type { RequestContext } from '../../request-context.js';
import type { Store } from '../../store/store.js';
import { newWork, type OnFinished } from '../../telemetry/work.js';
import { waitUntil } from '../../util/wait.js';
import type { Chats, OpenChat } from '../chats.js';
import type { ChatInput } from '../input.js';
import { Run, stopped, unwatched } from './run.js';
import { RunWriter } from './run-writer.js';
import { leaseOf } from './stored-run.js';
import { ChatRunStatus } from './types.js';

/** Milliseconds between two looks at what other processes ask to stop, and at what nobody watches. */
const POLL_MS = 50;
const LOOK_MS = 1_000;
/** Milliseconds for a run to end after it was stopped. */
export const STOP_WAIT_MS = 5_000;

export interface LocalRunsParts {
  chats: Chats;
  store: Store;
  now: () => number;
  log: Logger;
  config: RunsConfig;
  /** Called with the work of each run once it has ended; must not throw. */
  onFinished: OnFinished;
  /** Milliseconds after which a call to the gateway has certainly ended. */
  longestChatMs: number;
}

/** The runs of this process, until their end is stored. */
export class LocalRuns {
  private readonly runs = new Map<string, Run>();
  /** The requests whose runs wait for their context. */
  private readonly opening = new Set<RequestContext>();
  /** Those that the store does not know: at their end they are kept here. */
  private readonly unknown = new WeakSet<Run>();
  private readonly writer: RunWriter;
  private holding: Holding | undefined;

  constructor(private readonly parts: LocalRunsParts) {
    const { store, now, log } = parts;
    this.writer = new RunWriter({
      store: store.runs,
      now,
      goneAt: (run) => this.goneAt(run),
      onStored: (run) => this.unknown.has(run) || this.runs.delete(run.id),
      log,
    });
  }

  get(id: string): Run | undefined {
    return this.runs.get(id);
  }

  /** Throws what fails before the gateway is asked. */
  async start(id: string, input: ChatInput, request: RequestContext): Promise<Run> {
    // Its viewers' operations may end before it, so its work is reported at its own end.
    const own = request.detached(newWork());
    const chat = await this.open(input, own);
    const { maxBytes } = this.parts.config;
    const run = new Run(id, chat, own, { maxBytes, onChange: (changed) => this.writer.add(changed) });
    this.runs.set(id, run);
    await this.register(run);
    void run.drive().then(() => this.report(run, own));
    return run;
  }

  private async open(input: ChatInput, own: RequestContext): Promise<OpenChat> {
    this.opening.add(own);
    try {
      return await this.parts.chats.open(input, own);
    } finally {
      this.opening.delete(own);
    }
  }

  /** Waits for the runs, then interrupts those that still run. */
  async close(graceMs: number): Promise<void> {
    const isIdle = () =>
      this.opening.size === 0 &&
      [...this.runs.values()].every(({ status }) => status !== ChatRunStatus.RUNNING);
    await waitUntil(isIdle, graceMs);
    // First, so that the end of a run does not let the next chat of its session begin.
    for (const own of this.opening) own.stop(shuttingDown());
    for (const run of this.runs.values()) run.stop(ChatRunStatus.INTERRUPTED, shuttingDown());
    await waitUntil(isIdle, STOP_WAIT_MS);
    await this.writer.flush();
    await this.letGo();
  }

  /** A run that cannot be stored is shown by this process alone. */
  private async register(run: Run): Promise<void> {
    const { store, log } = this.parts;
    const { id, callerId, startedAt } = run;
    try {
      const holder = await this.hold();
      const facts = { id, callerId, holder, startedAt, watchedAt: startedAt };
      await store.runs.createRun({ ...facts, goneAt: this.goneAt(run), data: JSON.stringify(run.state) });
    } catch (err) {
      this.unknown.add(run);
      log.error({ runId: id, err }, 'a run cannot be stored, so no other process can show it');
    }
  }

  private report(run: Run, { requestId, callerId, work, startedAt }: RequestContext): void {
    const durationMs = (run.endedAt ?? startedAt) - startedAt;
    const facts = { kind: 'run', name: undefined, fields: ['run'], durationMs };
    this.parts.onFinished({ ...work, ...facts, requestId, callerId, startedAt });
  }

  /** Other processes take a run for interrupted once its holder's lease has expired. Returns the holder. */
  private async hold(): Promise<string> {
    this.holding ??= this.beginHolding();
    const { holding } = this;
    if (!holding.isHeld) holding.isHeld = await holding.renew();
    return holding.token;
  }

  private beginHolding(): Holding {
    // A new one each time: the release of the last lease may still be on its way.
    const token = randomUUID();
    const renew = () => this.parts.store.acquireLease(leaseOf(token), token, LEASE_MS);
    const every = (ms: number, work: () => Promise<unknown>) =>
      setInterval(() => void work().catch(() => undefined), ms).unref();
    const timers = [
      every(RENEW_MS, renew),
      every(POLL_MS, () => this.stopRequested(token)),
      every(Math.min(this.parts.config.unwatchedMs, LOOK_MS), () => this.stopUnwatched()),
    ];
    return { token, timers, renew, isHeld: false };
  }

  /** Without runs, needs no timers and no lease. */
  private async letGo(): Promise<void> {
    const { holding } = this;
    if (!holding) return;
    this.holding = undefined;
    for (const timer of holding.timers) clearInterval(timer);
    await this.parts.store.releaseLease(leaseOf(holding.token), holding.token).catch(() => undefined);
  }

  private async stopRequested(holder: string): Promise<void> {
    if (this.runs.size === 0) return this.letGo();
    for (const id of await this.parts.store.runs.stopRequests(holder))
      this.runs.get(id)?.stop(ChatRunStatus.STOPPED, stopped());
  }

  private async stopUnwatched(): Promise<void> {
    const { store, now, config } = this.parts;
    for (const run of this.runs.values()) {
      // It could not be stored.
      if (run.endedAt !== null && now() - run.endedAt >= config.keptMs) this.runs.delete(run.id);
      const isOver = (watchedAt: number) => !run.isWatched && now() - watchedAt >= config.unwatchedMs;
      if (run.status !== ChatRunStatus.RUNNING || !isOver(run.watchedAt)) continue;
      // Another process may show it.
      const stored = await store.runs.run(run.id, now()).catch(() => null);
      if (isOver(Math.max(run.watchedAt, stored?.watchedAt ?? 0)))
        run.stop(ChatRunStatus.STOPPED, unwatched());
    }
  }

  private goneAt({ startedAt, endedAt }: Run): number {
    const { config, longestChatMs } = this.parts;
    return (endedAt ?? startedAt + longestChatMs) + config.keptMs;
  }
}

/** The lease that a process holds while it has runs. */
interface Holding {
  token: string;
  timers: NodeJS.Timeout[];
  renew: () => Promise<boolean>;
  isHeld: boolean;
}
