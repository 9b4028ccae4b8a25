import type { Caller } from './auth/caller.js';
import { AppError, cancelled, ErrorCode } from './errors.js';
import type { Gateway, GatewayDataSource } from './gateway/data-source.js';
import type { FinishedCall } from './gateway/http/finished-call.js';
import { newWork, type Work } from './telemetry/work.js';

/** Holds the one instance of each resolver class; type-graphql asks it for them. */
export interface Container {
  get<T>(resolver: abstract new (...parts: never[]) => T): T;
}

export interface RequestParts {
  requestId: string;
  /** Or why authentication failed; thrown only when the caller is needed, since introspection needs none. */
  caller: Caller | AppError;
  gateway: Gateway;
  container: Container;
  /** Milliseconds since the epoch. */
  now: () => number;
}

export type NewContext = (caller: Caller | AppError, requestId?: string) => RequestContext;

/** An event of a run. */
export interface StreamPosition {
  runId: string;
  seq: number;
}

/** What one request carries from its transport to the resolvers. */
export class RequestContext {
  private readonly controller = new AbortController();
  private hasLeft = false;
  private onLeft = (): void => undefined;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;

  constructor(
    private readonly parts: RequestParts,
    /** Noted for logs, metrics and traces. */
    readonly work: Work = newWork(),
  ) {
    this.startedAt = parts.now();
  }

  /** Where a reconnecting client resumes, from its `Last-Event-ID`. */
  resumedFrom: StreamPosition | undefined;
  /** The last event emitted, after which a client can resume. */
  position: StreamPosition | undefined;

  /** Its stream has no last event: it ends with the connection, after which the client asks another server for the rest. */
  endsWithConnection = false;

  /** The same request with its own abort signal: its work continues when the client disconnects. */
  detached(work = this.work): RequestContext {
    return new RequestContext(this.parts, work);
  }

  /** A detached request of another caller of the same gateway account: of the server itself, for what its callers share. */
  detachedAs(callerId: string): RequestContext {
    const caller = { ...this.caller, id: callerId };
    return new RequestContext({ ...this.parts, caller }, this.work);
  }

  /** Aborts when the client disconnects or the server ends this request. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get requestId(): string {
    return this.parts.requestId;
  }

  get caller(): Caller {
    const { caller } = this.parts;
    if (caller instanceof AppError) throw caller;
    return caller;
  }

  /** undefined: not identified. */
  get callerId(): string | undefined {
    const { caller } = this.parts;
    return caller instanceof AppError ? undefined : caller.id;
  }

  get container(): Container {
    return this.parts.container;
  }

  /** The client has disconnected or cancelled: aborts whatever still runs for this request. */
  abandon(): void {
    this.hasLeft = true;
    this.onLeft();
    this.controller.abort(cancelled());
  }

  /** Resolves once the client has disconnected or cancelled, also after the server has ended this request. */
  async untilLeft(): Promise<void> {
    if (this.hasLeft) return;
    await new Promise<void>((resolve) => {
      this.onLeft = resolve;
    });
  }

  get isAbandoned(): boolean {
    return this.signal.reason?.code === ErrorCode.CANCELLED;
  }

  /** Aborts whatever still runs for this request, and tells the client why. */
  stop(reason: AppError): void {
    this.controller.abort(reason);
  }

  now(): number {
    return this.parts.now();
  }

  get dataSources(): { gateway: GatewayDataSource } {
    return { gateway: this.gatewayUntil() };
  }

  /** The gateway for calls that are aborted when the client disconnects, or with another signal. */
  gatewayUntil(other?: AbortSignal): GatewayDataSource {
    const { gatewayCalls } = this.work;
    const onEnd = (call: FinishedCall) => void gatewayCalls.push(call);
    const signal = other ? AbortSignal.any([this.signal, other]) : this.signal;
    return this.parts.gateway.forCaller({ credential: this.caller.credential, signal, onEnd });
  }
}
