import type { RequestContext } from '../../request-context.js';
import { onAbort } from '../../util/abort.js';
import type { ChatDone, ChatEvent, ChatFailure } from '../types.js';
import { RunLog } from './run-log.js';

/** What viewers see of a run, in whichever process it is. */
export abstract class RunView {
  readonly log = new RunLog();
  /** When the last viewer of this process left, in milliseconds since the epoch. */
  watchedAt = 0;
  /** Whether it goes on when this server shuts down: its viewers then get no end, so that they resume it at another server. */
  protected abstract readonly outlivesServer: boolean;
  protected end: ChatDone | ChatFailure | null = null;
  /** Why it cannot be shown any more. */
  protected error: Error | undefined;
  /** Called after each change. */
  private readonly viewers = new Set<() => void>();

  constructor(readonly id: string) {}

  /** Whether anybody watches it in this process. */
  get isWatched(): boolean {
    return this.viewers.size > 0;
  }

  /**
   * The deltas beyond a seq, then what comes, then the end. A viewer that is slow gets joined deltas. `isNew`: it begins with the id of
   * the run.
   */
  async *view(after: number, viewer: RequestContext, isNew: boolean): AsyncGenerator<ChatEvent, void, void> {
    let wake = (): void => undefined;
    const onChange = () => wake();
    const removeListener = onAbort(viewer.signal, onChange);
    this.viewers.add(onChange);
    this.onWatched();
    try {
      if (isNew) {
        viewer.position = { runId: this.id, seq: 0 };
        yield { runId: this.id };
      }
      for (let seen = after; ; ) {
        const deltas = this.log.since(seen);
        const { end } = this;
        seen = Math.max(seen, this.log.last);
        for (const delta of deltas) {
          viewer.position = { runId: this.id, seq: delta.seq ?? 0 };
          yield delta;
        }
        if (end) return yield end;
        if (this.error) throw this.error;
        if (viewer.isAbandoned) return;
        if (viewer.signal.aborted && this.outlivesServer) {
          viewer.endsWithConnection = true;
          return;
        }
        if (this.log.last > seen || this.end || this.error) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      removeListener();
      this.viewers.delete(onChange);
      this.watchedAt = viewer.now();
    }
  }

  /** Called for each new viewer. */
  protected onWatched(): void {}

  protected changed(): void {
    for (const wake of this.viewers) wake();
  }
}
