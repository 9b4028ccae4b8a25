import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { AppError } from '../errors.js';
import type { Lifetime } from '../lifetime.js';
import type { Answer } from './answer.js';
import { type ConnectionOptions, Connections, type Exchange } from './connections.js';
import { badResponse, type CallFacts, gatewayError, transportError } from './errors.js';
import { GatewayEvents } from './events.js';
import type { FinishedCall } from './finished-call.js';
import { single } from './headers.js';
import { asObject, type JsonObject } from './json.js';

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
  async json(call: GatewayCall, exchange: Exchange): Promise<JsonObject> {
    try {
      return await this.readAnswer(await this.send(call, exchange, 'gzip'), call, exchange);
    } finally {
      exchange.end();
    }
  }

  /** The answer's events as they come. */
  events(call: GatewayCall, exchange: Exchange): GatewayEvents {
    return new GatewayEvents(exchange, {
      send: () => this.send(call, exchange, 'identity'),
      readWhole: (answer) => this.readAnswer(answer, call, exchange),
      readChunk: (data) => readChunk(data, call),
      maxEventLength: this.options.maxResponseBytes,
    });
  }

  close(): Promise<void> {
    return this.connections.close();
  }

  private async send(
    { method, path, credential, body }: GatewayCall,
    exchange: Exchange,
    encoding: 'gzip' | 'identity',
  ): Promise<Answer> {
    try {
      return await exchange.send({
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

  private async readAnswer(response: Answer, call: GatewayCall, exchange: Exchange): Promise<JsonObject> {
    const { status } = response;
    if (status < 200 || status >= 300) throw await this.readRefusal(response, call, exchange);
    const answer = await this.readObject(response, exchange);
    if (answer === null) throw badResponse('it is not a JSON object', { gateway: { status } });
    if (answer.error != null) throw this.refusal(response, answer, call);
    return answer;
  }

  /** The status says enough where the body behind it cannot be read. */
  private async readRefusal(response: Answer, call: GatewayCall, exchange: Exchange): Promise<AppError> {
    try {
      return this.refusal(response, await this.readObject(response, exchange), call);
    } catch (error) {
      const isAbandoned = call.within.some(({ isOver }) => isOver);
      return isAbandoned ? transportError(error, 'reading') : this.refusal(response, null, call);
    }
  }

  private refusal({ status, headers }: Answer, body: JsonObject | null, call: GatewayCall): AppError {
    const retryAfter = single(headers['retry-after']);
    const requestId = single(headers['x-request-id']);
    return gatewayError({ status, body, retryAfter, requestId }, call, this.options.now);
  }

  /** null where the answer is not a JSON object. */
  private async readObject(response: Answer, exchange: Exchange): Promise<JsonObject | null> {
    const { maxResponseBytes } = this.options;
    const body = await readBody(response, maxResponseBytes);
    exchange.release();
    const isPacked = response.headers['content-encoding'] !== undefined && body.length > 0;
    const bytes = isPacked ? await unpack(body, response, maxResponseBytes) : body;
    return parseObject(bytes.toString('utf8'));
  }
}

function readChunk(data: string, call: GatewayCall): JsonObject {
  const body = parseObject(data);
  if (body === null) throw badResponse('one of its events is not a JSON object');
  if (body.error != null) throw gatewayError({ status: 200, body }, call);
  return body;
}

async function readBody(answer: Answer, maxBytes: number): Promise<Buffer> {
  try {
    return await answer.rest(maxBytes, () => tooLarge(maxBytes, answer.status));
  } catch (error) {
    throw transportError(error, 'reading');
  }
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

function parseObject(text: string): JsonObject | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null;
  }
}
