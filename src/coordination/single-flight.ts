import { isLimitReached } from '../limits/caller-limits.js';
import type { RequestContext } from '../request-context.js';
import { unlessAborted } from '../util/abort.js';
import type { DetachedWork } from './detached-work.js';
import type { Leases } from './leases.js';

interface Flight<T> {
  callerId: string;
  result: Promise<T>;
}

/** Runs the same work once for all who request it at the same time in this process, under a lease that excludes other processes. */
export class SingleFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();

  constructor(
    private readonly leases: Leases,
    private readonly detachedWork: DetachedWork,
  ) {}

  /**
   * `name`: of the work and its lease. `run` continues if its client disconnects. `isLeader`: whether this call started the work.
   * If the limits of the caller who started it do not allow it, the others start it again.
   */
  async join(
    name: string,
    request: RequestContext,
    run: (request: RequestContext) => Promise<T>,
  ): Promise<{ result: T; isLeader: boolean }> {
    for (;;) {
      const other = this.flights.get(name);
      const flight = other ?? this.start(name, request.detached(), run);
      try {
        const result = await unlessAborted(request.signal, this.detachedWork.track(flight.result));
        return { result, isLeader: other === undefined };
      } catch (error) {
        if (flight.callerId === request.caller.id || !isLimitReached(error)) throw error;
      }
    }
  }

  private start(name: string, own: RequestContext, run: (own: RequestContext) => Promise<T>): Flight<T> {
    const result = this.runAlone(name, own, run).finally(() => this.flights.delete(name));
    const flight = { callerId: own.caller.id, result };
    this.flights.set(name, flight);
    return flight;
  }

  private async runAlone(name: string, own: RequestContext, run: (own: RequestContext) => Promise<T>) {
    const lease = await this.leases.acquire(name, own.signal);
    try {
      return await run(own);
    } finally {
      await lease.release();
    }
  }
}
