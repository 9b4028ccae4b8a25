import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { AppError } from '../errors.js';
import type { Lifetime } from '../lifetime.js';
import type { Answer } from './answer.js';
import { type ConnectionOptions, Connections, type Exchange } from './connections.js';
import { badResponse, type CallFacts, gatewayError, transportError } from './errors.js';
import { type EventsReader, GatewayEvents } from './events.js';
import type { FinishedCall } from './finished-call.js';
import { single } from './headers.js';
import { type JsonObject, parseObject } from './json.js';

const gunzipAsync = promisify(gunzip);

export interface GatewayHttpOptions extends ConnectionOptions {
  /** Base URL, e.g. `https://gateway.serevixai.ai/v1`. */
  url: string;
  /** Bytes of an answer as it comes, of what it unpacks to, and of one event of a stream. */
  maxResponseBytes: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

export interface GatewayCall extends CallFacts {
  method: 'GET' | 'POST';
  /** Below the base URL, with a slash at its start. */
  path: string;
  body?: object | undefined;
  /** Whether a second time does no harm, so that a lost answer may be asked for again. */
  repeatable?: boolean;
  /** It ends with any of these: its caller's, and that of what it builds on. */
  within: readonly Lifetime[];
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
  open(lifetime: Lifetime): Exchange {
    return this.connections.open(lifetime);
  }

  /** The answer's JSON object. */
  json(call: GatewayCall, exchange: Exchange): Promise<JsonObject> {
    this.send(call, exchange, 'gzip');
    return this.readWhole(call, exchange);
  }

  /** The parts that the reader makes of the answer's events, as they come. */
  events<Part, End>(call: GatewayCall, exchange: Exchange, reader: EventsReader<Part, End>) {
    const streamed = {
      send: () => this.send(call, exchange, 'identity'),
      readWhole: () => this.readWhole(call, exchange),
      facts: call,
      maxEventLength: this.options.maxResponseBytes,
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
    let body: JsonObject | null;
    try {
      let bytes = await answer.rest(maxResponseBytes, () => tooLarge(maxResponseBytes, answer.status));
      exchange.release();
      if (isPacked(answer, bytes)) bytes = await unpack(bytes, answer, maxResponseBytes);
      body = parseObject(bytes.toString('utf8'));
    } catch (error) {
      const isAbandoned = call.within.some(({ isOver }) => isOver);
      // The status says enough where the body behind it cannot be read.
      if (isRefusal(answer) && !isAbandoned) throw this.refusal(answer, null, call);
      throw transportError(error, exchange.stage);
    } finally {
      exchange.end();
    }
    if (isRefusal(answer) || (body !== null && body.error != null)) throw this.refusal(answer, body, call);
    if (body === null) throw badResponse('it is not a JSON object', { gateway: { status: answer.status } });
    return body;
  }

  private refusal({ status, headers }: Answer, body: JsonObject | null, call: GatewayCall): AppError {
    const retryAfter = single(headers['retry-after']);
    const requestId = single(headers['x-request-id']);
    return gatewayError({ status, body, retryAfter, requestId }, call, this.options.now);
  }
}

/** An answer that has not begun is none. */
function isRefusal({ status }: Answer): boolean {
  return status >= 300;
}

function isPacked({ headers }: Answer, body: Buffer): boolean {
  return headers['content-encoding'] !== undefined && body.length > 0;
}

async function unpack(body: Buffer, { headers, status }: Answer, maxBytes: number): Promise<Buffer> {
  const encoding = single(headers['content-encoding'])?.toLowerCase() ?? 'identity';
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip') throw badResponse('its encoding was not asked for', { gateway: { status } });
  try {
    return await gunzipAsync(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes, status);
    throw badResponse('it cannot be unpacked', { gateway: { status }, cause: error });
  }
}

function tooLarge(maxBytes: number, status: number) {
  return badResponse(`it is larger than ${maxBytes} bytes`, { gateway: { status } });
}
