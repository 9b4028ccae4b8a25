import { setTimeout as pause } from 'node:timers/promises';
import { toAppError } from '../../errors.js';
import type { RunStore } from '../../store/runs.js';
import type { ChatDone, ChatFailure } from '../types.js';
import { RunView } from './run-view.js';

/** Milliseconds between two looks. */
const POLL_MS = 50;

export interface RemoteRunParts {
  store: RunStore;
  now: () => number;
  /** Milliseconds between two reports that it is watched. */
  reportEveryMs: number;
  /** Returns the last event; null while it runs. */
  endOf: () => Promise<ChatDone | ChatFailure | null>;
  /** Called when nobody watches it any more, and after its end; must not throw. */
  onIdle: () => void;
}

/** A run that another process has, or that has ended: read from the store, once for all viewers of this process. */
export class RemoteRun extends RunView {
  protected readonly outlivesServer = true;
  private isPolling = false;
  private reportedAt = 0;

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
    try {
      while (this.isWatched && !this.end) {
        await this.read();
        if (!this.end) await pause(POLL_MS);
      }
    } catch (error) {
      this.error = toAppError(error);
      this.changed();
    }
    this.isPolling = false;
    this.parts.onIdle();
  }

  /** The state is read before the parts: if it has ended, all parts are there. */
  private async read(): Promise<void> {
    const { store, now, reportEveryMs } = this.parts;
    const end = await this.parts.endOf();
    const { last } = this.log;
    for (const { data } of await store.runParts(this.id, last)) this.log.unpack(data);
    this.end = end;
    if (end || this.log.last > last) this.changed();
    if (end || now() - this.reportedAt < reportEveryMs) return;
    this.reportedAt = now();
    await store.watchRun(this.id, this.reportedAt);
  }
}
