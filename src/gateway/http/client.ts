import type { AppError } from '../../errors.js';
import { readHiddenEnvelope } from '../errors/envelope.js';
import { badResponse, gatewayError, transportError } from '../errors/gateway-error.js';
import { asObject, type JsonObject, parseJson } from '../json.js';
import type { CallFacts } from '../types.js';
import { type ConnectionOptions, Connections, type Exchange } from './connections.js';
import { type EventsReader, GatewayEvents } from './events.js';
import type { FinishedCall } from './finished-call.js';
import { single } from './headers.js';
import type { Answer } from './response.js';
import { type Coding, codingOf, unpackWhole } from './unpacked.js';

export interface GatewayHttpOptions extends ConnectionOptions {
  /** Base URL, e.g. `https://gateway.serevixai.ai/v1`. */
  url: string;
  /** Bytes of an answer as it comes, of what it unpacks to, and of one event of a stream. */
  maxResponseBytes: number;
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

/** Speaks HTTP with the gateway: size, compression, and every failure as one of our errors. */
export class GatewayHttp {
  private readonly connections: Connections;
  private readonly basePath: string;

  constructor(private readonly options: GatewayHttpOptions) {
    const { origin, pathname } = new URL(options.url);
    this.basePath = pathname.replace(/\/+$/, '');
    this.connections = new Connections(origin, options);
  }

  /** A connection for one request, which `json` or `events` ends. */
  open(signal: AbortSignal): Exchange {
    return this.connections.open(signal);
  }

  /** The answer's JSON object. */
  json(call: GatewayCall, exchange: Exchange): Promise<JsonObject> {
    this.send(call, exchange, 'gzip');
    return this.readWhole(call, exchange);
  }

  /** The parts that the reader makes of the answer's events, as they come. */
  events<Part, End>(call: GatewayCall, exchange: Exchange, reader: EventsReader<Part, End>) {
    const { answer } = exchange;
    const streamed = {
      send: () => this.send(call, exchange, 'identity'),
      readRefusal: () => this.readWhole(call, exchange),
      readBody: (bytes: Buffer) => this.readBody(bytes, answer, call),
      refusal: (body: unknown) => this.refusal(answer, body, call),
      maxBytes: this.options.maxResponseBytes,
    };
    return new GatewayEvents(exchange, streamed, reader);
  }

  close(): Promise<void> {
    return this.connections.close();
  }

  private send(
    { method, path, credential, body }: GatewayCall,
    exchange: Exchange,
    encoding: 'gzip' | 'identity',
  ): void {
    exchange.send({
      method,
      path: this.basePath + path,
      headers: {
        authorization: `Bearer ${credential.key}`,
        'content-type': 'application/json',
        accept: 'application/json',
        'accept-encoding': encoding,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
  }

  /** Ends the exchange. In one function, because each that waits holds on to what it knows. */
  private async readWhole(call: GatewayCall, exchange: Exchange): Promise<JsonObject> {
    const { maxResponseBytes } = this.options;
    const { answer } = exchange;
    let bytes: Buffer;
    try {
      bytes = await answer.rest(maxResponseBytes, () => tooLarge(maxResponseBytes, answer.status));
      exchange.release();
      const coding = codingOf(single(answer.headers['content-encoding']));
      if (coding && bytes.length > 0) bytes = await unpack(bytes, coding, answer, maxResponseBytes);
    } catch (error) {
      // The status says enough where the body behind it cannot be read.
      if (isRefusal(answer) && !call.signal.aborted) throw this.refusal(answer, undefined, call);
      throw transportError(error, exchange.stage);
    } finally {
      exchange.end();
    }
    return this.readBody(bytes, answer, call);
  }

  /** Throws where it is a refusal, or no answer of a gateway. */
  private readBody(bytes: Buffer, answer: Answer, call: GatewayCall): JsonObject {
    const body = parseJson(bytes.toString('utf8'));
    if (isRefusal(answer) || readHiddenEnvelope(body)) throw this.refusal(answer, body, call);
    const object = asObject(body);
    if (!object) throw badResponse('it is not a JSON object', { gateway: { status: answer.status } });
    return object;
  }

  private refusal({ status, headers }: Answer, body: unknown, call: GatewayCall): AppError {
    const header = (name: string) => single(headers[name]);
    const retryAfter = header('retry-after');
    const retryAfterMs = header('retry-after-ms');
    const requestId = header('x-request-id');
    return gatewayError({ status, body, retryAfter, retryAfterMs, requestId }, call, this.options.now);
  }
}

/** An answer that has not begun is none. */
function isRefusal({ status }: Answer): boolean {
  return status >= 300;
}

async function unpack(body: Buffer, coding: Coding, { status }: Answer, maxBytes: number): Promise<Buffer> {
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
