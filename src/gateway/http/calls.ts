import { started } from '../../util/generators.js';
import type { JsonObject } from '../json.js';
import { Breaker, type BreakerState } from './breaker.js';
import { type GatewayCall, GatewayHttp, type GatewayHttpOptions } from './client.js';
import type { GatewayResponse } from './response.js';
import { Retries } from './retries.js';
import { RunningCall, type RunningCallOptions } from './running-call.js';
import type { PartsReader } from './streamed-parts.js';

export interface GatewayOptions extends GatewayHttpOptions, RunningCallOptions {}

export interface StreamedCall<Part, Head> extends GatewayCall {
  /** For each attempt. */
  newReader: () => PartsReader<Part, Head>;
  /** The body to send instead after this error, which came before the first part. */
  bodyAfter: (error: unknown) => object | undefined;
}

/** Adds to each call: circuit breaker, retries, total timeout, and a report at the end. */
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

  /** A call with one JSON response. */
  async json<T>(call: GatewayCall, read: (body: JsonObject) => T): Promise<T> {
    const running = new RunningCall(call, this.options);
    try {
      running.enter(this.breaker);
      const send = () => this.http.send(call, 'gzip');
      const result = read(await this.attempts(running, send, (response) => this.http.json(call, response)));
      running.succeed();
      return result;
    } catch (error) {
      throw running.fail(error);
    } finally {
      running.end();
    }
  }

  /**
   * A call with a streamed response: the first `next()` sends it, closing it between parts aborts it. It is retried only before the first
   * part.
   */
  async *stream<Part, Head>(call: StreamedCall<Part, Head>): AsyncGenerator<Part, Head, void> {
    const running = new RunningCall(call, this.options);
    const start = (body = call.body) => {
      const send = () => this.http.send({ ...call, body }, 'identity');
      return this.attempts(running, send, async (response) =>
        started(await this.http.stream(call, response, call.newReader())),
      );
    };
    try {
      running.enter(this.breaker);
      const parts = await start().catch((error) => {
        const otherBody = call.bodyAfter(error);
        if (!otherBody) throw error;
        return start(otherBody);
      });
      running.settle('healthy');
      const head = yield* parts;
      running.succeed();
      return head;
    } catch (error) {
      throw running.fail(error);
    } finally {
      running.end();
    }
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private attempts<T>(
    running: RunningCall,
    send: () => GatewayResponse,
    read: (response: GatewayResponse) => Promise<T>,
  ): Promise<T> {
    const { call, isTrial } = running;
    const attempt = async () => read(running.begin(send));
    // A breaker's trial is not retried.
    return isTrial ? attempt() : this.retries.run(call, call.signal, attempt);
  }
}
