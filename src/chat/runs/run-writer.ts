import type { Logger } from 'pino';
import type { RunStore, RunUpdate } from '../../registry/runs.js';
import type { Run } from './run.js';
import { ChatRunStatus } from './types.js';

/** Milliseconds between two batches, and bytes of new text that do not wait for the next. */
const EVERY_MS = 50;
const MAX_WAITING_BYTES = 4_096;

interface Written {
  seq: number;
  bytes: number;
  isMissed: boolean;
}

export interface RunWriterOptions {
  store: RunStore;
  now: () => number;
  /** When a run in this state is deleted. */
  goneAt: (run: Run) => number;
  /** Called once the end of a run is stored. */
  onStored: (run: Run) => void;
  log: Logger;
}

/** Writes the runs of this process in batches. While the store is away, they wait in their runs. */
export class RunWriter {
  private readonly written = new WeakMap<Run, Written>();
  private readonly waiting = new Set<Run>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;

  constructor(private readonly options: RunWriterOptions) {}

  /** The run has changed. */
  add(run: Run): void {
    this.waiting.add(run);
    const { bytes = 0 } = this.written.get(run) ?? {};
    const isUrgent = run.log.bytes - bytes >= MAX_WAITING_BYTES || run.status !== ChatRunStatus.RUNNING;
    if (isUrgent) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), EVERY_MS);
  }

  /** Resolves once what waits has been written, or could not be. */
  async flush(): Promise<void> {
    // One write at a time keeps the parts in order.
    while (this.writing) await this.writing;
    if (this.waiting.size === 0) return;
    this.writing = this.write().finally(() => {
      this.writing = undefined;
    });
    await this.writing;
  }

  private async write(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = [...this.waiting].map((run) => ({
      run,
      seq: run.log.last,
      bytes: run.log.bytes,
      state: run.state,
    }));
    this.waiting.clear();
    const updates = batch.map(({ run, seq, state }): RunUpdate => {
      const { seq: after = 0 } = this.written.get(run) ?? {};
      const parts = seq > after ? [{ seq, data: run.log.pack(after) }] : [];
      return { id: run.id, goneAt: this.options.goneAt(run), data: JSON.stringify(state), parts };
    });
    try {
      await this.options.store.updateRuns(updates, this.options.now());
      for (const { run, seq, bytes, state } of batch) {
        this.written.set(run, { seq, bytes, isMissed: false });
        if (state.end !== null) this.options.onStored(run);
      }
    } catch (err) {
      for (const { run } of batch) this.miss(run, err);
      // Tried again with the next change, or after a while.
      this.timer ??= setTimeout(() => void this.flush(), 20 * EVERY_MS);
    }
  }

  private miss(run: Run, err: unknown): void {
    this.waiting.add(run);
    const { seq = 0, bytes = 0, isMissed = false } = this.written.get(run) ?? {};
    if (!isMissed)
      this.options.log.error(
        { runId: run.id, err },
        'a run cannot be stored, so no other process can show it',
      );
    this.written.set(run, { seq, bytes, isMissed: true });
  }
}
