import type { RequestContext } from '../request-context.js';

/** A running request and its index in the list. */
export interface RunningRequest {
  context: RequestContext;
  place: number;
}

/** The running requests, in no order. The last one takes the place of one that leaves: V8 keeps entries that left a Set alive for long. */
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

  /** Call once for each request that entered. */
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
