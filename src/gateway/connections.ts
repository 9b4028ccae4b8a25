import type { Dispatcher } from 'undici';
// The package's index loads its fetch, its WebSocket, its caches and more.
import Client from 'undici/lib/dispatcher/client.js';
import { shuttingDown } from '../errors.js';
import type { Lifetime } from '../lifetime.js';
import { Answer } from './answer.js';
import type { Stage } from './errors.js';
import { goOnAtEnd } from './paused-parser.js';

/** Durations in milliseconds. */
export interface ConnectionOptions {
  connectTimeoutMs: number;
  headersTimeoutMs: number;
  idleTimeoutMs: number;
}

/**
 * The connections to the gateway: as many as there are calls, kept for the next ones while they are warm.
 * undici's own Pool connects anew for every call that is abandoned, and leaves that connection idle.
 */
export class Connections {
  private readonly clients = new Set<Client>();
  private readonly unreached = new WeakSet<Client>();
  /** The last one is the warmest. */
  private readonly idle: Client[] = [];
  private isClosed = false;

  constructor(
    private readonly origin: string,
    private readonly options: ConnectionOptions,
  ) {}

  /** A connection for one request; it is the caller's to end, and ends with the call. None for a call that is over. */
  open(lifetime: Lifetime): Exchange {
    if (this.isClosed) throw shuttingDown();
    lifetime.throwIfOver();
    const client = this.idle.pop() ?? this.connect();
    return new Exchange(this, client, lifetime);
  }

  /** Whether the last attempt to connect has failed. */
  isUnreached(client: Client): boolean {
    return this.unreached.has(client);
  }

  /** It may serve another request. */
  keep(client: Client): void {
    this.idle.push(client);
  }

  drop(client: Client, reason: Error | null): void {
    this.clients.delete(client);
    void client.destroy(reason);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.clients].map((client) => client.destroy()));
  }

  private connect(): Client {
    const client = new Client(this.origin, {
      connect: { timeout: this.options.connectTimeoutMs },
      headersTimeout: this.options.headersTimeoutMs,
      bodyTimeout: this.options.idleTimeoutMs,
    });
    this.clients.add(client);
    goOnAtEnd(client);
    client.on('connectionError', () => this.unreached.add(client));
    client.on('disconnect', () => {
      const place = this.idle.indexOf(client);
      if (place === -1) return;
      this.idle.splice(place, 1);
      this.drop(client, null);
    });
    return client;
  }
}

/** One request and its answer on one connection. */
export class Exchange {
  readonly answer = new Answer();
  private readonly unwatch: () => void;
  private isOver = false;

  constructor(
    private readonly owner: Connections,
    private readonly client: Client,
    lifetime: Lifetime,
  ) {
    this.unwatch = lifetime.watch((reason) => this.end(reason));
  }

  /** Of the answer, once it has begun. */
  get status(): number | undefined {
    return this.answer.status || undefined;
  }

  get stage(): Stage {
    if (this.status !== undefined) return 'reading';
    return this.owner.isUnreached(this.client) ? 'connecting' : 'waiting';
  }

  /** Sends the request, once. No redirect is followed: it would carry the key to another host. */
  send(options: Dispatcher.DispatchOptions): void {
    this.client.dispatch(options, this.answer);
  }

  /** The answer was read to its end: the connection may serve another request. */
  release(): void {
    if (this.settle()) this.owner.keep(this.client);
  }

  /** Ends the connection, unless it was released. */
  end(reason: Error | null = null): void {
    if (this.settle()) this.owner.drop(this.client, reason);
  }

  private settle(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.unwatch();
    return true;
  }
}
