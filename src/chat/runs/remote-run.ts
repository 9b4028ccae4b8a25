import { setTimeout as pause } from 'node:timers/promises';
import { RENEW_MS } from '../../coordination/leases.js';
import { type AppError, toAppError } from '../../errors.js';
import type { RunStore } from '../../store/runs.js';
import type { ChatDone, ChatFailure } from '../types.js';
import { RunView } from './run-view.js';

/** Milliseconds between two looks. */
const POLL_MS = 50;
/** The same while the store fails, and how long it may fail before the viewers are told. */
const RETRY_MS = 500;
const STORE_AWAY_MS = 30_000;
/** Milliseconds until a process that is alive has renewed a lease that expired while the store was away. */
const LEASE_BACK_MS = RENEW_MS + 1_000;

export interface RemoteRunParts {
  store: RunStore;
  now: () => number;
  /** Milliseconds between two reports that it is watched. */
  reportEveryMs: number;
  look: () => Promise<Look>;
  /** Called when nobody watches it any more, and after its end; must not throw. */
  onIdle: () => void;
}

/** How a run stands. */
export interface Look {
  /** Its last event; null while it runs. */
  end: ChatDone | ChatFailure | null;
  /** Whether `end` only says that its process has not renewed its lease. */
  isGuessed: boolean;
}

/** A run that another process has, or that has ended: read from the store, once for all viewers of this process. */
export class RemoteRun extends RunView {
  protected readonly outlivesServer = true;
  private isPolling = false;
  private reportedAt = 0;
  /** Since when the store fails, and since when the process of the run has had no lease, by `performance.now`. */
  private failingSince: number | undefined;
  private lostSince: number | undefined;

  constructor(
    id: string,
    private readonly parts: RemoteRunParts,
  ) {
    super(id);
  }

  protected override onWatched(): void {
    if (this.isPolling || this.end) return;
    this.isPolling = true;
    void this.poll();
  }

  private async poll(): Promise<void> {
    while (this.isWatched && !this.end && !this.error) {
      try {
        await this.read();
        this.failingSince = undefined;
      } catch (error) {
        this.fail(toAppError(error));
      }
      if (!this.end) await pause(this.failingSince === undefined ? POLL_MS : RETRY_MS);
    }
    this.isPolling = false;
    this.parts.onIdle();
  }

  /** A store that is away for a moment ends no viewer. */
  private fail(error: AppError): void {
    const now = performance.now();
    this.failingSince ??= now;
    if (error.retryable && now - this.failingSince < STORE_AWAY_MS) return;
    this.error = error;
    this.changed();
  }

  /** The state is read before the parts: if it has ended, all parts are there. */
  private async read(): Promise<void> {
    const { store, now, reportEveryMs } = this.parts;
    const end = this.certainEnd(await this.parts.look());
    const { last } = this.log;
    for (const { data } of await store.runParts(this.id, last)) this.log.unpack(data);
    this.end = end;
    if (end || this.log.last > last) this.changed();
    if (end || now() - this.reportedAt < reportEveryMs) return;
    this.reportedAt = now();
    await store.watchRun(this.id, this.reportedAt);
  }

  private certainEnd({ end, isGuessed }: Look): Look['end'] {
    if (!isGuessed) {
      this.lostSince = undefined;
      return end;
    }
    const now = performance.now();
    this.lostSince ??= now;
    return now - this.lostSince < LEASE_BACK_MS ? null : end;
  }
}
