import { AppError, ErrorCode } from '../errors.js';
import { LimitedLifetime } from '../lifetime.js';
import { Breaker, type BreakerState, type Health, type Pass } from './breaker.js';
import type { Exchange } from './connections.js';
import { timedOut } from './errors.js';
import type { GatewayEvent, GatewayEvents } from './events.js';
import type { FinishedCall } from './finished-call.js';
import { type GatewayCall, GatewayHttp, type GatewayHttpOptions } from './http.js';
import type { JsonObject } from './json.js';
import { Retries } from './retries.js';

export interface GatewayOptions extends GatewayHttpOptions {
  totalTimeoutMs: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Told of each call once it is over; must not throw. */
  onCall?: (call: FinishedCall) => void;
}

/** Makes parts of the events of one answer. */
export interface EventsReader<T> {
  read(event: GatewayEvent): T[];
  /** No more events come. */
  finish(): T[];
}

/** Every call goes this way: breaker, retries, total time-out, and a report at the end. */
export class GatewayCalls {
  private readonly http: GatewayHttp;
  private readonly retries = new Retries();
  private readonly breaker: Breaker;

  constructor(private readonly options: GatewayOptions) {
    this.http = new GatewayHttp(options);
    this.breaker = new Breaker(options.now ?? Date.now);
  }

  get breakerState(): BreakerState {
    return this.breaker.state;
  }

  /** One whole answer. */
  async whole<T>(call: GatewayCall, read: (answer: JsonObject) => T): Promise<T> {
    const running = new RunningCall(call, this.options);
    try {
      running.enter(this.breaker);
      const result = read(await this.attempts(running, (exchange) => this.http.json(call, exchange)));
      running.settle('well');
      running.outcome = 'OK';
      return result;
    } catch (error) {
      throw running.failed(error);
    } finally {
      running.end();
    }
  }

  /** A streamed answer, part by part; with the first one it has come, and is never asked for again. */
  async *stream<T>(call: GatewayCall, newReader: () => EventsReader<T>): AsyncGenerator<T, void> {
    const running = new RunningCall(call, this.options);
    let events: GatewayEvents | undefined;
    let next: () => Promise<T[]> = async () => [];
    try {
      running.enter(this.breaker);
      let parts = await this.attempts(running, (exchange) => {
        const attempted = this.http.events(call, exchange);
        const reader = newReader();
        events = attempted;
        next = () => nextParts(attempted, reader);
        return next();
      });
      running.settle('well');
      while (parts.length > 0) {
        for (const part of parts) yield part;
        parts = await next();
      }
      running.outcome = 'OK';
    } catch (error) {
      throw running.failed(error);
    } finally {
      events?.close();
      running.end();
    }
  }

  close(): Promise<void> {
    return this.http.close();
  }

  /** A gateway on trial is asked once. */
  private attempts<T>(running: RunningCall, send: (exchange: Exchange) => Promise<T>): Promise<T> {
    const { call, lifetime, isTrial } = running;
    const attempt = () => send(running.begin(this.http.open(lifetime)));
    return isTrial ? attempt() : this.retries.run(call, lifetime, attempt);
  }
}

/** At least one part; none at the end. */
async function nextParts<T>(events: GatewayEvents, reader: EventsReader<T>): Promise<T[]> {
  for (;;) {
    const come = await events.next();
    const parts = come.length > 0 ? come.flatMap((event) => reader.read(event)) : reader.finish();
    if (parts.length > 0 || come.length === 0) return parts;
  }
}

/** Whatever else a gateway answers, it does answer. */
function healthAfter(error: unknown): Health {
  const code = codeOf(error);
  if (code === ErrorCode.CANCELLED || code === ErrorCode.INTERNAL_SERVER_ERROR) return 'unknown';
  return code === ErrorCode.GATEWAY_UNAVAILABLE || code === ErrorCode.GATEWAY_TIMEOUT ? 'ill' : 'well';
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof AppError ? error.code : ErrorCode.INTERNAL_SERVER_ERROR;
}

/** One call from its beginning to its end, for whoever watches. */
class RunningCall {
  readonly lifetime: LimitedLifetime;
  outcome: FinishedCall['outcome'] = ErrorCode.CANCELLED;
  private readonly began = performance.now();
  private attempts = 0;
  private exchange: Exchange | undefined;
  private pass: Pass | undefined;

  constructor(
    readonly call: GatewayCall,
    private readonly options: GatewayOptions,
  ) {
    this.lifetime = new LimitedLifetime(call.within, options.totalTimeoutMs, () =>
      timedOut('to answer in full'),
    );
  }

  get isTrial(): boolean {
    return this.pass?.isTrial ?? false;
  }

  /** Throws where the breaker lets nothing through. */
  enter(breaker: Breaker): void {
    this.pass = breaker.enter();
  }

  /** What this call says of the gateway's health; the first word holds. */
  settle(health: Health): void {
    this.pass?.settle(health);
    this.pass = undefined;
  }

  begin(exchange: Exchange): Exchange {
    this.attempts++;
    this.exchange = exchange;
    return exchange;
  }

  failed(error: unknown): unknown {
    this.outcome = codeOf(error);
    this.settle(healthAfter(error));
    return error;
  }

  end(): void {
    this.settle('unknown');
    this.lifetime.done();
    const finished: FinishedCall = {
      operation: this.call.operation,
      outcome: this.outcome,
      status: this.exchange?.status,
      attempts: this.attempts,
      startedAt: performance.timeOrigin + this.began,
      durationMs: performance.now() - this.began,
    };
    this.options.onCall?.(finished);
    this.call.onEnd?.(finished);
  }
}
