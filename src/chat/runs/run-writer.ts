import type { Logger } from 'pino';
import type { RunStore, RunUpdate } from '../../store/runs.js';
import type { Run } from './run.js';
import { ChatRunStatus } from './types.js';

/** Milliseconds between two batches, and bytes of new text that do not wait for the next. */
const EVERY_MS = 50;
const MAX_WAITING_BYTES = 4_096;

interface Written {
  seq: number;
  bytes: number;
  /** The state as it was stored. */
  data: string;
  isMissed: boolean;
}

const NOTHING: Written = { seq: 0, bytes: 0, data: '', isMissed: false };

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
    const batch = [...this.waiting].map((run) => this.changeOf(run));
    this.waiting.clear();
    try {
      await this.options.store.updateRuns(
        batch.map(({ update }) => update),
        this.options.now(),
      );
      for (const { run, written, isOver } of batch) {
        this.written.set(run, written);
        if (isOver) this.options.onStored(run);
      }
    } catch (err) {
      for (const { run } of batch) this.miss(run, err);
      // Tried again with the next change, or after a while.
      this.timer ??= setTimeout(() => void this.flush(), 20 * EVERY_MS);
    }
  }

  private changeOf(run: Run) {
    const { id, log, state } = run;
    const before = this.written.get(run) ?? NOTHING;
    const written = { seq: log.last, bytes: log.bytes, data: JSON.stringify(state), isMissed: false };
    const parts = written.seq > before.seq ? [{ seq: written.seq, data: log.pack(before.seq) }] : [];
    const { data } = written;
    const isChanged = data !== before.data;
    const update: RunUpdate = {
      id,
      parts,
      state: isChanged ? { goneAt: this.options.goneAt(run), data } : null,
    };
    return { run, update, written, isOver: state.end !== null };
  }

  private miss(run: Run, err: unknown): void {
    this.waiting.add(run);
    const before = this.written.get(run) ?? NOTHING;
    if (!before.isMissed)
      this.options.log.error(
        { runId: run.id, err },
        'a run cannot be stored, so no other process can show it',
      );
    this.written.set(run, { ...before, isMissed: true });
  }
}
