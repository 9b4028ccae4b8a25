import type { RequestContext } from '../request-context.js';
import { unlessAborted } from '../util/abort.js';
import type { DetachedWork } from './detached-work.js';

interface Flight<T> {
  callerId: string;
  result: Promise<T>;
}

/** Runs the same work once for all who request it at the same time. */
export class SingleFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();

  /** `isCallers`: whether a failure concerns only the caller who started the work, so that the others have to start it again. */
  constructor(
    private readonly detachedWork: DetachedWork,
    private readonly isCallers: (error: unknown) => boolean,
  ) {}

  /** `run` continues if its client disconnects. `isLeader`: whether this call started the work. */
  async join(
    key: string,
    request: RequestContext,
    run: (request: RequestContext) => Promise<T>,
  ): Promise<{ result: T; isLeader: boolean }> {
    for (;;) {
      const other = this.flights.get(key);
      const flight = other ?? this.start(key, request.caller.id, run(request.detached()));
      try {
        const result = await unlessAborted(request.signal, this.detachedWork.track(flight.result));
        return { result, isLeader: other === undefined };
      } catch (error) {
        if (flight.callerId === request.caller.id || !this.isCallers(error)) throw error;
      }
    }
  }

  private start(key: string, callerId: string, work: Promise<T>): Flight<T> {
    const flight = { callerId, result: work.finally(() => this.flights.delete(key)) };
    this.flights.set(key, flight);
    return flight;
  }
}
