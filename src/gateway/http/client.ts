import type { Dispatcher } from 'undici';
import type { AppError } from '../../errors.js';
import { shuttingDown } from '../../errors.js';
import { onAbort } from '../../util/abort.js';
import { readHiddenEnvelope } from '../errors/envelope.js';
import { badResponse, gatewayError, transportError } from '../errors/gateway-error.js';
import { asObject, type JsonObject, parseJson } from '../json.js';
import type { CallFacts } from '../types.js';
import { type EventsReader, readEvents } from './events.js';
import type { FinishedCall } from './finished-call.js';
import { type ConnectionOptions, openPool } from './pool.js';
import { GatewayResponse } from './response.js';
import { type Coding, codingOf, unpackWhole } from './unpacked.js';

export interface GatewayHttpOptions extends ConnectionOptions {
  /** Base URL, e.g. `https://gateway.serevixai.ai/v1`. */
  url: string;
  /** Bytes of a response as it comes, of what it unpacks to, and of one event of a stream. */
  maxResponseBytes: number;
  /** Carries all calls through a proxy. */
  proxy?: Dispatcher;
}

export interface GatewayCall extends CallFacts {
  method: 'GET' | 'POST';
  /** Below the base URL, with a slash at its start. */
  path: string;
  body?: object | undefined;
  /** Whether a second time does no harm, so that a lost answer may be asked for again. */
  repeatable?: boolean;
  /** Aborts the call. */
  signal: AbortSignal;
  /** Told of this call once it is over; must not throw. */
  onEnd?: ((call: FinishedCall) => void) | undefined;
}

/** A request that is on its way, and its response. */
export interface Exchange {
  response: GatewayResponse;
  /** Frees the signal's listener, and closes the connection unless the response has ended. */
  end(): void;
}

/** Speaks HTTP with the gateway: size, compression, and every failure as one of our errors. */
export class GatewayHttp {
  private readonly dispatcher: Dispatcher;
  private readonly origin: string;
  private readonly basePath: string;
  private isClosed = false;

  constructor(private readonly options: GatewayHttpOptions) {
    const { origin, pathname } = new URL(options.url);
    this.origin = origin;
    this.basePath = pathname.replace(/\/+$/, '');
    this.dispatcher = options.proxy ?? openPool(origin, options);
  }

  /** Sends the request, once. No redirect is followed: it would carry the key to another host. */
  send(call: GatewayCall, signal: AbortSignal, encoding: 'gzip' | 'identity'): Exchange {
    if (this.isClosed) throw shuttingDown();
    signal.throwIfAborted();
    const response = new GatewayResponse(this.options.now ?? Date.now);
    const removeListener = onAbort(signal, (reason) => response.abort(reason));
    const options = {
      origin: this.origin,
      method: call.method,
      path: this.basePath + call.path,
      headers: {
        authorization: `Bearer ${call.credential.key}`,
        'content-type': 'application/json',
        accept: 'application/json',
        'accept-encoding': encoding,
      },
      body: call.body === undefined ? null : JSON.stringify(call.body),
      response,
    };
    this.dispatcher.dispatch(options, response);
    return {
      response,
      end() {
        removeListener();
        response.close();
      },
    };
  }

  /** The response's JSON object. */
  async json(call: GatewayCall, { response, end }: Exchange): Promise<JsonObject> {
    const { maxResponseBytes } = this.options;
    let bytes: Buffer;
    try {
      await response.head();
      bytes = await response.body(maxResponseBytes, () => tooLarge(maxResponseBytes, response.status));
      const coding = codingOf(response.headers['content-encoding']);
      if (coding && bytes.length > 0) bytes = await unpack(bytes, coding, response.status, maxResponseBytes);
    } catch (error) {
      // The status says enough where the body behind it cannot be read.
      if (isRefusal(response) && !call.signal.aborted) throw refusal(response, undefined, call, this.options);
      throw transportError(error, response.stage);
    } finally {
      end();
    }
    return this.readBody(bytes, response, call);
  }

  /** The parts that the reader makes of the response's events, as they come; returns how they ended. */
  async *events<Part, End>(
    call: GatewayCall,
    exchange: Exchange,
    reader: EventsReader<Part, End>,
  ): AsyncGenerator<Part, End, undefined> {
    const { response } = exchange;
    try {
      await response.head().catch((error) => {
        throw transportError(error, response.stage);
      });
      if (isRefusal(response)) await this.json(call, exchange);
      return yield* readEvents(response, reader, {
        readBody: (bytes) => this.readBody(bytes, response, call),
        refusal: (body) => refusal(response, body, call, this.options),
        maxBytes: this.options.maxResponseBytes,
      });
    } finally {
      exchange.end();
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    // A proxy is closed by whoever opened it.
    if (!this.options.proxy) await this.dispatcher.destroy();
  }

  /** Throws if it is a refusal, or no answer of a gateway. */
  private readBody(bytes: Buffer, response: GatewayResponse, call: GatewayCall): JsonObject {
    const body = parseJson(bytes.toString('utf8'));
    if (isRefusal(response) || readHiddenEnvelope(body)) throw refusal(response, body, call, this.options);
    const object = asObject(body);
    if (!object) throw badResponse('it is not a JSON object', { gateway: { status: response.status } });
    return object;
  }
}

function isRefusal({ status }: GatewayResponse): boolean {
  return status >= 300;
}

function refusal(
  { status, headers }: GatewayResponse,
  body: unknown,
  call: GatewayCall,
  { now }: GatewayHttpOptions,
): AppError {
  const header = (name: string) => [headers[name]].flat()[0];
  const retryAfter = header('retry-after');
  const retryAfterMs = header('retry-after-ms');
  const requestId = header('x-request-id');
  return gatewayError({ status, body, retryAfter, retryAfterMs, requestId }, call, now);
}

async function unpack(body: Buffer, coding: Coding, status: number, maxBytes: number): Promise<Buffer> {
  try {
    return await unpackWhole(body, coding, maxBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes, status);
    throw badResponse('it cannot be unpacked', { gateway: { status }, cause: error });
  }
}

function tooLarge(maxBytes: number, status: number) {
  return badResponse(`it is larger than ${maxBytes} bytes`, { gateway: { status } });
}
