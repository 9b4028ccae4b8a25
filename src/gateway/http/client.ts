import type { AppError } from '../../errors.js';
import { readHiddenEnvelope } from '../errors/envelope.js';
import { badResponse, gatewayError } from '../errors/gateway-error.js';
import { asObject, type JsonObject, parseJson } from '../json.js';
import type { CallFacts } from '../types.js';
import { type ConnectionOptions, Connections } from './connections.js';
import type { FinishedCall } from './finished-call.js';
import { BoundedBody, type GatewayResponse } from './response.js';
import { type PartsReader, streamedParts } from './streamed-parts.js';
import { codingOf, unpack } from './unpack.js';

export interface GatewayHttpOptions extends ConnectionOptions {
  /** Base URL, e.g. `https://gateway.serevixai.ai/v1`. */
  url: string;
  /** Bytes of a whole response, unpacked, and of one event of a stream. */
  maxResponseBytes: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

export interface GatewayCall extends CallFacts {
  method: 'GET' | 'POST' | 'DELETE';
  /** Below the base URL, with a leading slash. */
  path: string;
  body?: object | undefined;
  /** Whether sending it twice does no harm, so that it may be repeated after its response was lost. */
  repeatable?: boolean;
  /** Aborts the call. */
  signal: AbortSignal;
  /** Called once the call is over; must not throw. */
  onEnd?: ((call: FinishedCall) => void) | undefined;
}

/** Speaks HTTP with the gateway: sizes, compression, and one of our errors for every failure. */
export class GatewayHttp {
  private readonly connections: Connections;
  private readonly basePath: string;

  constructor(private readonly options: GatewayHttpOptions) {
    const { origin, pathname } = new URL(options.url);
    this.basePath = pathname.replace(/\/+$/, '');
    this.connections = new Connections(origin, options);
  }

  /** Sends the request; `json` or `stream` reads its response. */
  send(call: GatewayCall, encoding: 'gzip' | 'identity'): GatewayResponse {
    const { method, path, credential, signal } = call;
    const headers: Record<string, string> = {
      authorization: `Bearer ${credential.key}`,
      accept: 'application/json',
      'accept-encoding': encoding,
      'content-type': 'application/json',
    };
    const body = call.body === undefined ? null : Buffer.from(JSON.stringify(call.body));
    if (body) headers['content-length'] = String(body.length);
    return this.connections.send({ method, path: this.basePath + path, headers, body }, signal);
  }

  /** The response's JSON object. */
  async json(call: GatewayCall, response: GatewayResponse): Promise<JsonObject> {
    return this.parse(await this.wholeBody(call, response), response, call);
  }

  /** Resolves with the parts of a streamed response once its head is there. */
  async stream<Part, Head>(call: GatewayCall, response: GatewayResponse, reader: PartsReader<Part, Head>) {
    await response.head();
    if (isRefusal(response)) await this.json(call, response);
    const { maxResponseBytes } = this.options;
    const body = {
      bytes: bytesOf(response),
      whole: new BoundedBody(maxResponseBytes, response.status),
      maxEventBytes: maxResponseBytes,
      onDone: () => response.dump(),
      parseWhole: (bytes: Buffer) => this.parse(bytes, response, call),
      refusal: (said: unknown) => this.refusal(response, said, call),
    };
    return streamedParts(body, reader);
  }

  close(): Promise<void> {
    return this.connections.close();
  }

  private async wholeBody(call: GatewayCall, response: GatewayResponse): Promise<Buffer> {
    try {
      await response.head();
      const body = new BoundedBody(this.options.maxResponseBytes, response.status);
      for await (const bytes of bytesOf(response)) body.append(bytes);
      return body.take();
    } catch (error) {
      response.abort(error as Error);
      // If the body cannot be read, the status is enough.
      if (isRefusal(response) && !call.signal.aborted) throw this.refusal(response, undefined, call);
      throw error;
    }
  }

  /** Throws if it is an error, or not a gateway response. */
  private parse(bytes: Buffer, response: GatewayResponse, call: GatewayCall): JsonObject {
    const body = parseJson(bytes.toString('utf8'));
    if (isRefusal(response) || readHiddenEnvelope(body)) throw this.refusal(response, body, call);
    const object = asObject(body);
    if (!object) throw badResponse('it is not a JSON object', { gateway: { status: response.status } });
    return object;
  }

  private refusal(response: GatewayResponse, body: unknown, call: GatewayCall): AppError {
    const refused = {
      status: response.status,
      body,
      retryAfter: response.header('retry-after'),
      retryAfterMs: response.header('retry-after-ms'),
      requestId: response.header('x-request-id'),
    };
    return gatewayError(refused, call, this.options.now);
  }
}

/** A response that has not begun has status 0. */
function isRefusal({ status }: GatewayResponse): boolean {
  return status >= 300;
}

function bytesOf(response: GatewayResponse): AsyncIterable<Buffer> {
  const coding = codingOf(response.header('content-encoding'));
  return coding ? unpack(response, coding) : response;
}
