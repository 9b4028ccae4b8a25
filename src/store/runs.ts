/** A run of a chat, as it is stored. Times are in milliseconds since the epoch. */
export interface StoredRun {
  id: string;
  callerId: string;
  /** Token of the process that has the run. */
  holder: string;
  startedAt: number;
  /** When it is deleted. */
  goneAt: number;
  /** When a viewer in another process last reported that it is there. */
  watchedAt: number;
  /** Its state, opaque to the store. */
  data: string;
}

/** Events of a run, opaque to the store. */
export interface RunPart {
  /** Of the last event in it. */
  seq: number;
  data: string;
}

export interface RunUpdate {
  id: string;
  /** What is appended. */
  parts: readonly RunPart[];
  /** null: unchanged. */
  state: Pick<StoredRun, 'goneAt' | 'data'> | null;
}

/** Stores runs, so that every process that shares the store can show them and stop them. */
export interface RunStore {
  createRun(run: StoredRun): Promise<void>;
  /** Updates several runs, each atomically: whoever reads that a run has ended can read all its parts. Unknown runs are skipped. */
  updateRuns(updates: readonly RunUpdate[], now: number): Promise<void>;
  run(id: string, now: number): Promise<StoredRun | null>;
  /** The parts that end beyond a seq, in order. */
  runParts(id: string, after: number): Promise<RunPart[]>;
  /** A caller's runs, the newest first. */
  runsOf(callerId: string, limit: number, now: number): Promise<StoredRun[]>;
  /** Reports a viewer. */
  watchRun(id: string, at: number): Promise<void>;
  /** Asks the holder to stop the run. */
  requestStop(id: string): Promise<void>;
  /** The runs of this holder that were asked to stop. */
  stopRequests(holder: string): Promise<string[]>;
}
