import { OverBudget } from '../limits/budgets.js';
import type { RequestContext } from '../request-context.js';
import { unlessAborted } from '../util/abort.js';
import type { DetachedWork } from './detached-work.js';

interface Flight<T> {
  callerId: string;
  result: Promise<T>;
}

/** Work that is done once for all who want the same at the same time. */
export class Flights<T> {
  private readonly flights = new Map<string, Flight<T>>();

  constructor(private readonly detachedWork: DetachedWork) {}

  /** `run` goes on when its caller leaves; `isOwn`: whether it was this caller's that ran. */
  async join(
    key: string,
    request: RequestContext,
    run: (request: RequestContext) => Promise<T>,
  ): Promise<{ result: T; isOwn: boolean }> {
    for (;;) {
      const other = this.flights.get(key);
      const flight = other ?? this.start(key, request.caller.id, run(request.detached()));
      try {
        const result = await unlessAborted(request.signal, this.detachedWork.track(flight.result));
        return { result, isOwn: other === undefined };
      } catch (error) {
        // Another caller's limits are not this one's.
        if (flight.callerId === request.caller.id || !(error instanceof OverBudget)) throw error;
      }
    }
  }

  private start(key: string, callerId: string, work: Promise<T>): Flight<T> {
    const flight = { callerId, result: work.finally(() => this.flights.delete(key)) };
    this.flights.set(key, flight);
    return flight;
  }
}
