import { clientClosed, connectionLost, networkError } from './errors.js';
import { type HeadersOption, headersOf } from './headers.js';
import { MessageQueue } from './message-queue.js';
import {
  type GraphQLResult,
  type OperationRequest,
  parseJson,
  type SubscriptionTransport,
} from './results.js';
import { abortable } from './waiting.js';

export interface WebSocketOptions {
  url: string;
  headers: HeadersOption | undefined;
  WebSocket: typeof globalThis.WebSocket;
}

/** A message of graphql-transport-ws. */
interface Message {
  type: string;
  id?: string;
  payload?: unknown;
}

/** Browsers hide the server's pings, so the client sends its own. */
const PING_MS = 20_000;

/** Subscriptions over one WebSocket (graphql-transport-ws), which is open while there is a subscription. */
export class WebSocketTransport implements SubscriptionTransport {
  private connection: Connection | undefined;

  constructor(private readonly options: WebSocketOptions) {}

  async *subscribe(request: OperationRequest, signal: AbortSignal): AsyncGenerator<GraphQLResult> {
    signal.throwIfAborted();
    if (!this.connection?.isOpen) this.connection = new Connection(this.options);
    yield* this.connection.subscribe(request, signal);
  }

  close(): void {
    this.connection?.close(clientClosed());
  }
}

class Connection {
  isOpen = true;
  private readonly socket: WebSocket;
  private readonly subscriptions = new Map<string, MessageQueue<GraphQLResult>>();
  /** Whether nothing came since the last ping. */
  private isSilent = false;
  private readonly pings = setInterval(() => this.ping(), PING_MS);
  private acknowledge = () => {};
  private refuse = (_reason: unknown) => {};
  private readonly acknowledged = new Promise<void>((resolve, reject) => {
    this.acknowledge = resolve;
    this.refuse = reject;
  });
  private lastId = 0;

  constructor({ url, headers, WebSocket }: WebSocketOptions) {
    this.socket = new WebSocket(url, 'graphql-transport-ws');
    this.socket.onopen = () => {
      headersOf(headers).then(
        (payload) => this.send({ type: 'connection_init', payload }),
        (error) => this.close(error),
      );
    };
    this.socket.onmessage = ({ data }) => this.read(data);
    this.socket.onerror = () => this.close(networkError('The WebSocket failed or cannot be opened.'));
    this.socket.onclose = ({ reason }) => this.close(reason ? networkError(reason) : connectionLost());
    // Each subscription reports it.
    this.acknowledged.catch(() => {});
  }

  async *subscribe(payload: OperationRequest, signal: AbortSignal): AsyncGenerator<GraphQLResult> {
    const id = String(++this.lastId);
    const results = new MessageQueue<GraphQLResult>();
    const leave = () => {
      signal.removeEventListener('abort', abort);
      // The server has not ended it.
      if (this.subscriptions.delete(id)) this.send({ type: 'complete', id });
      if (this.subscriptions.size === 0) this.close(connectionLost());
    };
    // The server hears of it at once, also while the reader of the events takes long.
    const abort = () => {
      results.abort(signal.reason);
      leave();
    };
    signal.addEventListener('abort', abort);
    this.subscriptions.set(id, results);
    try {
      await abortable(this.acknowledged, signal);
      signal.throwIfAborted();
      this.send({ type: 'subscribe', id, payload });
      yield* results;
    } finally {
      leave();
    }
  }

  close(reason: unknown): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    clearInterval(this.pings);
    this.refuse(reason);
    for (const results of this.subscriptions.values()) results.fail(reason);
    this.socket.close(1000);
  }

  private send(message: Message): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** A connection is lost by what it leaves unanswered, not by time: browsers run the timers of a hidden tab once a minute. */
  private ping(): void {
    if (this.isSilent) this.close(connectionLost());
    this.isSilent = true;
    this.send({ type: 'ping' });
  }

  private read(data: unknown): void {
    if (!this.isOpen) return;
    this.isSilent = false;
    const text = String(data);
    try {
      this.take(parseJson(text), text.length);
    } catch (error) {
      this.close(error);
    }
  }

  private take({ type, id = '', payload }: Message, size: number): void {
    if (type === 'connection_ack') this.acknowledge();
    else if (type === 'ping') this.send({ type: 'pong' });
    else if (type === 'next') this.subscriptions.get(id)?.push(payload as GraphQLResult, size);
    else if (type === 'error') this.end(id, { errors: payload } as GraphQLResult, size);
    else if (type === 'complete') this.end(id);
  }

  private end(id: string, last?: GraphQLResult, size = 0): void {
    const results = this.subscriptions.get(id);
    this.subscriptions.delete(id);
    if (last) results?.push(last, size);
    results?.complete();
  }
}
