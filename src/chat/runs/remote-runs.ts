import type { RunsConfig } from '../../config/config.js';
import type { Contexts } from '../../contexts/contexts.js';
import { runNotFound } from '../../errors.js';
import type { RequestContext } from '../../request-context.js';
import type { StoredRun } from '../../store/runs.js';
import type { Store } from '../../store/store.js';
import { type Look, RemoteRun } from './remote-run.js';
import type { RunState } from './run.js';
import { RunLog } from './run-log.js';
import { asInterrupted, contextOf, leaseOf, stateOf, toChatRun, toEvent } from './stored-run.js';
import type { ChatRun } from './types.js';

export interface RemoteRunsParts {
  store: Store;
  contexts: Contexts;
  now: () => number;
  config: RunsConfig;
}

/** The runs that other processes have, and those that have ended, as the store has them. */
export class RemoteRuns {
  /** Those that are watched in this process. */
  private readonly watched = new Map<string, RemoteRun>();

  constructor(private readonly parts: RemoteRunsParts) {}

  /** Throws RUN_NOT_FOUND, alike for one that does not exist and for another caller's. */
  async find(id: string, request: RequestContext): Promise<StoredRun> {
    const stored = await this.parts.store.runs.run(id, request.now());
    if (stored?.callerId !== request.caller.id) throw runNotFound();
    return stored;
  }

  async logOf(id: string): Promise<RunLog> {
    const log = new RunLog();
    for (const { data } of await this.parts.store.runs.runParts(id, 0)) log.unpack(data);
    return log;
  }

  async describe(stored: StoredRun, log: RunLog, request: RequestContext): Promise<ChatRun> {
    const state = await this.stateOf(stored);
    return toChatRun(stored, state, log, await contextOf(state, this.parts.contexts, request));
  }

  /** One for all viewers of this process. */
  async open(id: string, request: RequestContext): Promise<RemoteRun> {
    await this.find(id, request);
    const watched = this.watched.get(id);
    if (watched) return watched;
    const { store, now, config } = this.parts;
    const run = new RemoteRun(id, {
      store: store.runs,
      now,
      reportEveryMs: config.unwatchedMs / 4,
      look: () => this.look(id, request),
      onIdle: () => void this.watched.delete(id),
    });
    this.watched.set(id, run);
    return run;
  }

  private async look(id: string, request: RequestContext): Promise<Look> {
    const state = await this.stateOf(await this.find(id, request));
    const end = state.end && toEvent(state.end, await contextOf(state, this.parts.contexts, request));
    return { end, isGuessed: end !== null && state.endedAt === null };
  }

  private async stateOf(stored: StoredRun): Promise<RunState> {
    const state = stateOf(stored);
    if (state.end) return state;
    return (await this.parts.store.isLeaseHeld(leaseOf(stored.holder))) ? state : asInterrupted(state);
  }
}
