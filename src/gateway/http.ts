import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import type { AppError } from '../errors.js';
import { type ConnectionOptions, Connections, type Exchange } from './connections.js';
import { badResponse, type CallFacts, gatewayError, transportError } from './errors.js';
import { readEventStream } from './event-stream.js';
import type { FinishedCall } from './finished-call.js';
import { asObject, type JsonObject } from './json.js';
import type { Lifetime } from './lifetime.js';

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
  body?: object;
  /** Whether a second time does no harm, so that a lost answer may be asked for again. */
  repeatable?: boolean;
  /** Aborted when the caller leaves. */
  signal: AbortSignal;
  /** Told of this call once it is over; must not throw. */
  onEnd?: ((call: FinishedCall) => void) | undefined;
}

/** What a streamed call brings: chunks and the `[DONE]` behind them, or one whole answer instead. */
export type GatewayEvent = { kind: 'chunk' | 'answer'; body: JsonObject } | { kind: 'end' };

/** How long the few bytes behind `[DONE]` are waited for, so that the connection can be used again. */
const REST_OF_STREAM_MS = 1_000;

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
  async json(call: GatewayCall, exchange: Exchange): Promise<JsonObject> {
    try {
      return await this.readAnswer(await this.send(call, exchange, 'gzip'), call, exchange);
    } finally {
      exchange.end();
    }
  }

  /** The answer's events as they come; the next is read when it is asked for. */
  async *events(call: GatewayCall, exchange: Exchange): AsyncGenerator<GatewayEvent> {
    let isWhole = false;
    try {
      const response = await this.send(call, exchange, 'identity');
      const { statusCode, headers } = response;
      const isStream = statusCode === 200 && !/json|html/i.test(single(headers['content-type']) ?? '');
      if (!isStream) {
        yield { kind: 'answer', body: await this.readAnswer(response, call, exchange) };
        return;
      }
      for await (const event of this.readEvents(response, call)) {
        isWhole = event.kind === 'end';
        if (isWhole) releaseAfterRest(response, exchange);
        yield event;
      }
    } finally {
      if (!isWhole) exchange.end();
    }
  }

  close(): Promise<void> {
    return this.connections.close();
  }

  private async send(
    { method, path, credential, body }: GatewayCall,
    exchange: Exchange,
    encoding: 'gzip' | 'identity',
  ): Promise<Dispatcher.ResponseData> {
    try {
      return await exchange.request({
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
    } catch (error) {
      throw transportError(error, exchange.stage);
    }
  }

  private async readAnswer(
    response: Dispatcher.ResponseData,
    call: GatewayCall,
    exchange: Exchange,
  ): Promise<JsonObject> {
    const { statusCode: status } = response;
    if (status < 200 || status >= 300) throw await this.readRefusal(response, call, exchange);
    const answer = await this.readObject(response, exchange);
    if (answer === null) throw badResponse('it is not a JSON object', { gateway: { status } });
    if (answer.error != null) throw this.refusal(response, answer, call);
    return answer;
  }

  /** The status says enough where the body behind it cannot be read. */
  private async readRefusal(
    response: Dispatcher.ResponseData,
    call: GatewayCall,
    exchange: Exchange,
  ): Promise<AppError> {
    try {
      return this.refusal(response, await this.readObject(response, exchange), call);
    } catch (error) {
      return call.signal.aborted ? transportError(error, 'reading') : this.refusal(response, null, call);
    }
  }

  private refusal(
    { statusCode: status, headers }: Dispatcher.ResponseData,
    body: JsonObject | null,
    call: GatewayCall,
  ): AppError {
    const retryAfter = single(headers['retry-after']);
    const requestId = single(headers['x-request-id']);
    return gatewayError({ status, body, retryAfter, requestId }, call, this.options.now);
  }

  /** null where the answer is not a JSON object. */
  private async readObject(
    response: Dispatcher.ResponseData,
    exchange: Exchange,
  ): Promise<JsonObject | null> {
    const { maxResponseBytes } = this.options;
    const body = await readBody(response, maxResponseBytes);
    exchange.release();
    return parseObject((await unpack(body, response, maxResponseBytes)).toString('utf8'));
  }

  private async *readEvents(
    { body, headers }: Dispatcher.ResponseData,
    call: GatewayCall,
  ): AsyncGenerator<GatewayEvent> {
    // undici also emits what ends the body; here it is thrown, or meant.
    body.on('error', () => undefined);
    const encoding = single(headers['content-encoding']) ?? 'identity';
    if (encoding !== 'identity') throw badResponse('its encoding was not asked for');
    try {
      // Destroying the body is the exchange's business: behind `[DONE]` the connection is still good.
      const bytes = body.iterator({ destroyOnReturn: false });
      for await (const data of readEventStream(bytes, this.options.maxResponseBytes)) {
        if (data === '[DONE]') {
          yield { kind: 'end' };
          return;
        }
        yield { kind: 'chunk', body: readChunk(data, call) };
      }
    } catch (error) {
      throw transportError(error, 'reading');
    }
  }
}

function readChunk(data: string, call: GatewayCall): JsonObject {
  const body = parseObject(data);
  if (body === null) throw badResponse('one of its events is not a JSON object');
  if (body.error != null) throw gatewayError({ status: 200, body }, call);
  return body;
}

function releaseAfterRest({ body }: Dispatcher.ResponseData, exchange: Exchange): void {
  const timer = setTimeout(() => exchange.end(), REST_OF_STREAM_MS);
  body.once('end', () => exchange.release());
  body.once('close', () => {
    clearTimeout(timer);
    exchange.end();
  });
  // Reading goes on once the iterator has let go of the body.
  setImmediate(() => body.resume());
}

async function readBody({ body, statusCode }: Dispatcher.ResponseData, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes, statusCode);
      chunks.push(chunk);
    }
  } catch (error) {
    throw transportError(error, 'reading');
  }
  return Buffer.concat(chunks);
}

async function unpack(
  body: Buffer,
  { headers, statusCode: status }: Dispatcher.ResponseData,
  maxBytes: number,
): Promise<Buffer> {
  const encoding = single(headers['content-encoding'])?.toLowerCase() ?? 'identity';
  if (encoding === 'identity' || body.length === 0) return body;
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

function parseObject(text: string): JsonObject | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null;
  }
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
