import { afterCohort } from '../../util/cohort.js';
import { isBusy, LockRetries, type Waiter } from './busy.js';
import type { Statements } from './file.js';

interface Read extends Waiter {
  run: () => unknown;
  resolve: (result: never) => void;
}

/** Reads that come together are one transaction: the locks of one cost more than all that a read does. */
export class Reads {
  private reads: Read[] = [];
  private readonly retries = new LockRetries();

  constructor(private readonly sql: Statements) {}

  read<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.reads.length === 0) afterCohort(() => this.flush());
      this.reads.push({ run, resolve, reject, busySince: undefined });
    });
  }

  flush(): void {
    const { reads } = this;
    this.reads = [];
    if (reads.length === 0) return;
    try {
      const results = reads.length === 1 ? reads.map(({ run }) => run()) : this.together(reads);
      for (const [index, { resolve }] of reads.entries()) resolve(results[index] as never);
      this.retries.reset();
    } catch (error) {
      if (isBusy(error)) this.reads = this.retries.wait(reads, error, () => this.flush());
      else for (const { reject } of reads) reject(error);
    }
  }

  private together(reads: Read[]): unknown[] {
    this.sql.begin.run();
    try {
      return reads.map(({ run }) => run());
    } finally {
      this.sql.commit.run();
    }
  }
}
