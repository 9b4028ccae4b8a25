import { type FSWatcher, watch } from 'node:fs';

/** Milliseconds without a change before it is read: editors save in several steps. */
const SETTLE_MS = 100;
/** Milliseconds between two readings: network file systems and replaced symbolic links report no change. */
const POLL_MS = 5_000;

/** Reads a file or folder again when it may have changed. */
export class WatchedPath {
  private watcher: FSWatcher | undefined;
  private poll: NodeJS.Timeout | undefined;
  private settling: NodeJS.Timeout | undefined;
  private reading: Promise<void> = Promise.resolve();
  private waiting: Promise<void> | undefined;

  constructor(
    private readonly path: string,
    /** Must not reject. */
    private readonly read: () => Promise<void>,
  ) {}

  start(): void {
    this.poll = setInterval(() => this.readAgain(), POLL_MS).unref();
    try {
      this.watcher = watch(this.path, { persistent: false }, () => this.settle());
      this.watcher.on('error', () => this.watcher?.close());
    } catch {
      // The poll still finds changes.
    }
  }

  /** A call during a reading waits for it and then reads once more, together with all other such calls. */
  readAgain(): Promise<void> {
    this.waiting ??= this.reading.then(() => {
      this.waiting = undefined;
      this.reading = this.read();
      return this.reading;
    });
    return this.waiting;
  }

  async close(): Promise<void> {
    clearInterval(this.poll);
    clearTimeout(this.settling);
    this.watcher?.close();
    await (this.waiting ?? this.reading);
  }

  private settle(): void {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.readAgain(), SETTLE_MS).unref();
  }
}
