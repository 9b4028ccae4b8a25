import { AppError, ErrorCode } from '../../errors.js';
import { type Deadline, deadline } from '../../util/abort.js';
import { prefetch } from '../../util/prefetch.js';
import type { Health } from '../errors/gateway-error.js';
import { GatewayError, timedOut } from '../errors/gateway-error.js';
import { asObject, asText, type JsonObject } from '../json.js';
import { Breaker, type BreakerState, type Pass } from './breaker.js';
import { type Exchange, type GatewayCall, GatewayHttp, type GatewayHttpOptions } from './client.js';
import type { EventsReader } from './events.js';
import type { FinishedCall } from './finished-call.js';
import { Retries } from './retries.js';

export interface GatewayOptions extends GatewayHttpOptions {
  totalTimeoutMs: number;
  /** Told of each call once it is over; must not throw. */
  onCall?: (call: FinishedCall) => void;
  /** Told of each call that found no gateway; must not throw. */
  onUnreached?: (reason: UnreachedReason) => void;
}

/** Why the gateway cannot be reached, for the operator. */
export interface UnreachedReason {
  /** Of the system, of TLS or of undici: `ENOTFOUND`, `CERT_HAS_EXPIRED`, `UND_ERR_CONNECT_TIMEOUT`. */
  code: string;
  host: string;
  port: number;
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
      const answer = await this.attempts(running, () => this.http.json(call, this.send(running, 'gzip')));
      const result = read(answer);
      running.settle('well');
      running.outcome = 'OK';
      return result;
    } catch (error) {
      throw running.failed(error);
    } finally {
      running.end();
    }
  }

  /** A streamed answer, part by part; once the first part has come, it is never asked for again. */
  async *stream<Part, End>(
    call: GatewayCall,
    newReader: () => EventsReader<Part, End>,
  ): AsyncGenerator<Part, End, undefined> {
    const running = new RunningCall(call, this.options);
    try {
      running.enter(this.breaker);
      const events = await this.attempts(running, () =>
        prefetch(this.http.events(call, this.send(running, 'identity'), newReader())),
      );
      running.settle('well');
      const end = yield* events;
      running.outcome = 'OK';
      return end;
    } catch (error) {
      throw running.failed(error);
    } finally {
      running.end();
    }
  }

  close(): Promise<void> {
    return this.http.close();
  }

  /** A gateway on trial is asked once. */
  private attempts<T>(running: RunningCall, attempt: () => Promise<T>): Promise<T> {
    const { call, signal, isTrial } = running;
    return isTrial ? attempt() : this.retries.run(call, signal, attempt);
  }

  private send(running: RunningCall, encoding: 'gzip' | 'identity'): Exchange {
    return running.begin(this.http.send(running.call, running.signal, encoding));
  }
}

/** A failure of ours, or a caller who leaves, says nothing of the gateway. */
function healthAfter(error: unknown): Health {
  return error instanceof GatewayError ? error.failure.health : 'unknown';
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof AppError ? error.code : ErrorCode.INTERNAL_SERVER_ERROR;
}

/** The code of what kept a call from the gateway; undefined where it was reached. */
function whyUnreached(error: unknown): string | undefined {
  const cause = error instanceof GatewayError ? asObject(error.cause) : null;
  if (cause === null) return undefined;
  const code = asText(cause.code) ?? asText(cause.name) ?? 'unknown';
  const isUnreached = codeOf(error) === ErrorCode.GATEWAY_UNAVAILABLE || code === 'UND_ERR_CONNECT_TIMEOUT';
  if (!isUnreached) return undefined;
  const [, proxyStatus] = /^Proxy response \((\d+)\)/.exec(asText(cause.message) ?? '') ?? [];
  return proxyStatus === undefined ? code : `PROXY_ANSWERED_${proxyStatus}`;
}

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

/** One call from its beginning to its end, for whoever watches. */
class RunningCall {
  private readonly deadline: Deadline;
  outcome: FinishedCall['outcome'] = ErrorCode.CANCELLED;
  private readonly began = performance.now();
  private attempts = 0;
  private exchange: Exchange | undefined;
  private pass: Pass | undefined;

  constructor(
    readonly call: GatewayCall,
    private readonly options: GatewayOptions,
  ) {
    this.deadline = deadline(call.signal, options.totalTimeoutMs, () => timedOut('to answer in full'));
  }

  /** Aborts with the caller's signal, or after the total time-out. */
  get signal(): AbortSignal {
    return this.deadline.signal;
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
    const code = whyUnreached(error);
    if (code !== undefined) this.options.onUnreached?.({ code, ...addressOf(this.options.url) });
    return error;
  }

  end(): void {
    this.settle('unknown');
    this.deadline.clear();
    const finished: FinishedCall = {
      operation: this.call.operation,
      outcome: this.outcome,
      status: this.exchange?.response.status || undefined,
      attempts: this.attempts,
      startedAt: performance.timeOrigin + this.began,
      durationMs: performance.now() - this.began,
    };
    this.options.onCall?.(finished);
    this.call.onEnd?.(finished);
  }
}
