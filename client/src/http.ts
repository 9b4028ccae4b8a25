import { connectionLost, networkError, noGraphQL } from './errors.js';
import { EventStreamParser } from './event-stream.js';
import { type HeadersOption, headersOf } from './headers.js';
import {
  type GraphQLResult,
  type OperationRequest,
  parseJson,
  type SubscriptionTransport,
} from './results.js';
import { abortable, IdleTimeout } from './waiting.js';

export interface HttpOptions {
  url: string;
  headers: HeadersOption | undefined;
  fetch: typeof globalThis.fetch;
}

/** As long as the server itself waits for the gateway by default: an answer that is not streamed may take long. */
const REQUEST_MS = 600_000;

/** Sends a query or mutation. */
export async function post(
  options: HttpOptions,
  request: OperationRequest,
  outer: AbortSignal | undefined,
): Promise<GraphQLResult> {
  const { signal, end } = new IdleTimeout(outer, REQUEST_MS);
  try {
    const accept = 'application/graphql-response+json, application/json';
    return await readResult(await send(options, request, accept, signal), signal);
  } finally {
    end();
  }
}

/** Subscriptions as server-sent events, one request each (graphql-sse's “distinct connections mode”). */
export class EventStreamTransport implements SubscriptionTransport {
  constructor(private readonly options: HttpOptions) {}

  async *subscribe(request: OperationRequest, signal: AbortSignal): AsyncGenerator<GraphQLResult> {
    // The server sends a comment on a quiet stream.
    const silence = new IdleTimeout(signal);
    try {
      const response = await send(this.options, request, 'text/event-stream', silence.signal);
      // The server answers a request that it rejects with JSON.
      if (!/^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')) {
        yield await readResult(response, silence.signal);
        return;
      }
      yield* readEvents(response, silence);
    } finally {
      silence.end();
    }
  }

  close(): void {}
}

async function* readEvents({ body }: Response, silence: IdleTimeout): AsyncGenerator<GraphQLResult> {
  if (!body) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventStreamParser();
  try {
    while (true) {
      silence.restart();
      // In Node 20 a read of an aborted body that has arrived as a whole never settles.
      const { done, value } = await abortable(reader.read(), silence.signal).catch((cause) => {
        silence.signal.throwIfAborted();
        throw connectionLost(cause);
      });
      // However long the reader of the events takes, the connection is not silent.
      silence.pause();
      if (done) return;
      for (const { type, data } of parser.push(decoder.decode(value, { stream: true }))) {
        if (type === 'complete') return;
        if (type === 'next') yield parseJson(data);
        // What came with that event is dropped, if its reader has aborted.
        silence.signal.throwIfAborted();
      }
    }
  } finally {
    // Also aborts the request, if its end has not come.
    await reader.cancel().catch(() => {});
  }
}

async function send(
  { url, headers, fetch }: HttpOptions,
  request: OperationRequest,
  accept: string,
  signal: AbortSignal,
): Promise<Response> {
  signal.throwIfAborted();
  const made = await abortable(headersOf(headers), signal);
  const init: RequestInit = {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...made },
    body: JSON.stringify(request),
    signal,
  };
  try {
    return await fetch(url, init);
  } catch (cause) {
    signal.throwIfAborted();
    throw networkError('The server cannot be reached.', cause);
  }
}

async function readResult(response: Response, signal: AbortSignal): Promise<GraphQLResult> {
  const text = await response.text().catch((cause) => {
    signal.throwIfAborted();
    throw connectionLost(cause);
  });
  if (/^application\/([\w.+-]*\+)?json\b/i.test(response.headers.get('content-type') ?? ''))
    return parseJson(text);
  throw noGraphQL(response.status);
}
