import { AppError, ErrorCode } from '../../errors.js';
import { GatewayError, type Health, timedOut } from '../errors/gateway-error.js';
import { asObject, asText } from '../json.js';
import type { Breaker, Permit } from './breaker.js';
import type { GatewayCall } from './client.js';
import type { FinishedCall, UnreachedReason } from './finished-call.js';
import type { GatewayResponse } from './response.js';

export interface RunningCallOptions {
  url: string;
  totalTimeoutMs: number;
  /** Called with each call once it is over; must not throw. */
  onCall?: (call: FinishedCall) => void;
  /** Called for each call that could not reach the gateway; must not throw. */
  onUnreached?: (reason: UnreachedReason) => void;
}

/** One call with all its attempts: its total timeout, what it tells the breaker, and its report. */
export class RunningCall {
  private readonly timer: NodeJS.Timeout;
  /** Set once the total timeout has passed. */
  private timeout: GatewayError | undefined;
  private readonly began = performance.now();
  private outcome: FinishedCall['outcome'] = ErrorCode.CANCELLED;
  private attempts = 0;
  /** Of the latest attempt. */
  private response: GatewayResponse | undefined;
  private permit: Permit | undefined;

  constructor(
    readonly call: GatewayCall,
    private readonly options: RunningCallOptions,
  ) {
    this.timer = setTimeout(() => this.timeOut(), options.totalTimeoutMs);
  }

  get isTrial(): boolean {
    return this.permit?.isTrial ?? false;
  }

  /** Throws while the breaker is open. */
  enter(breaker: Breaker): void {
    this.permit = breaker.enter();
  }

  /** Tells the breaker; only the first report counts. */
  settle(health: Health): void {
    this.permit?.settle(health);
    this.permit = undefined;
  }

  /** Sends an attempt; throws after the total timeout. */
  begin(send: () => GatewayResponse): GatewayResponse {
    if (this.timeout) throw this.timeout;
    this.response?.close();
    this.response = send();
    this.attempts++;
    return this.response;
  }

  succeed(): void {
    this.outcome = 'OK';
    this.settle('healthy');
  }

  /** Gives back the error. */
  fail(error: unknown): unknown {
    this.outcome = error instanceof AppError ? error.code : ErrorCode.INTERNAL_SERVER_ERROR;
    // An error of ours, or a caller who left, says nothing about the gateway.
    this.settle(error instanceof GatewayError ? error.failure.health : 'unknown');
    const code = whyUnreached(error);
    if (code !== undefined) this.options.onUnreached?.({ code, ...addressOf(this.options.url) });
    return error;
  }

  end(): void {
    this.settle('unknown');
    clearTimeout(this.timer);
    this.response?.close();
    const finished: FinishedCall = {
      operation: this.call.operation,
      outcome: this.outcome,
      status: this.response?.status || undefined,
      attempts: this.attempts,
      startedAt: performance.timeOrigin + this.began,
      durationMs: performance.now() - this.began,
    };
    this.options.onCall?.(finished);
    this.call.onEnd?.(finished);
  }

  /** Aborts the response that runs. An AbortSignal of its own would cost each call a tenth. */
  private timeOut(): void {
    this.timeout = timedOut('to answer in full');
    this.response?.abort(this.timeout);
  }
}

/** The code of what kept a call from the gateway; undefined where it was reached. */
function whyUnreached(error: unknown): string | undefined {
  const cause = error instanceof GatewayError ? asObject(error.cause) : null;
  if (!(error instanceof GatewayError) || cause === null) return undefined;
  const code = asText(cause.code) ?? asText(cause.name) ?? 'unknown';
  const isUnreached = error.code === ErrorCode.GATEWAY_UNAVAILABLE || code === 'UND_ERR_CONNECT_TIMEOUT';
  if (!isUnreached) return undefined;
  const [, proxyStatus] = /^Proxy response \((\d+)\)/.exec(asText(cause.message) ?? '') ?? [];
  return proxyStatus === undefined ? code : `PROXY_ANSWERED_${proxyStatus}`;
}

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}
