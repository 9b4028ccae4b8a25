import type { RequestContext } from '../request-context.js';

/** One that runs, at its place among them. */
export interface RunningRequest {
  context: RequestContext;
  place: number;
}

/** The requests that run, in no order. Who leaves is replaced by the last one: a Set of what comes and goes keeps what has gone. */
export class RunningRequests {
  private readonly all: RunningRequest[] = [];

  get count(): number {
    return this.all.length;
  }

  enter(context: RequestContext): RunningRequest {
    const request = { context, place: this.all.length };
    this.all.push(request);
    return request;
  }

  /** Once for each that entered. */
  leave(request: RunningRequest): void {
    const last = this.all.pop();
    if (!last || last === request) return;
    last.place = request.place;
    this.all[last.place] = last;
  }

  [Symbol.iterator](): Iterator<RequestContext> {
    return this.all.map(({ context }) => context)[Symbol.iterator]();
  }
}
