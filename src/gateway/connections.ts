import { Client, type Dispatcher } from 'undici';
import { cancelled } from '../errors.js';
import { timedOut } from './errors.js';

/** Durations in milliseconds. */
export interface ConnectionOptions {
  connectTimeoutMs: number;
  headersTimeoutMs: number;
  idleTimeoutMs: number;
  totalTimeoutMs: number;
}

/**
 * The connections to the gateway: as many as there are calls, kept for the next ones while they are warm.
 * undici's own Pool connects anew for every call that is abandoned, and leaves that connection idle.
 */
export class Connections {
  private readonly clients = new Set<Client>();
  /** The last one is the warmest. */
  private readonly idle: Client[] = [];

  constructor(
    private readonly origin: string,
    private readonly options: ConnectionOptions,
  ) {}

  /** A connection for one call; it is the caller's to end. */
  open(caller: AbortSignal): Exchange {
    const client = this.idle.pop() ?? this.connect();
    return new Exchange(client, caller, this.options.totalTimeoutMs, {
      keep: () => void this.idle.push(client),
      drop: (reason) => this.drop(client, reason),
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.clients].map((client) => client.destroy()));
  }

  private connect(): Client {
    const client = new Client(this.origin, {
      connect: { timeout: this.options.connectTimeoutMs },
      headersTimeout: this.options.headersTimeoutMs,
      bodyTimeout: this.options.idleTimeoutMs,
    });
    this.clients.add(client);
    client.on('disconnect', () => {
      const place = this.idle.indexOf(client);
      if (place === -1) return;
      this.idle.splice(place, 1);
      this.drop(client, null);
    });
    return client;
  }

  private drop(client: Client, reason: Error | null): void {
    this.clients.delete(client);
    void client.destroy(reason);
  }
}

interface Afterwards {
  keep: () => void;
  drop: (reason: Error | null) => void;
}

/** One call on one connection; given up when its caller leaves or its total time is up. */
export class Exchange {
  private readonly timer: NodeJS.Timeout;
  private readonly onCallerLeft = () => this.end(cancelled());
  private isOver = false;

  constructor(
    private readonly client: Client,
    private readonly caller: AbortSignal,
    totalTimeoutMs: number,
    private readonly afterwards: Afterwards,
  ) {
    this.timer = setTimeout(() => this.end(timedOut('to answer in full')), totalTimeoutMs);
    caller.addEventListener('abort', this.onCallerLeft, { once: true });
  }

  /** undici's `request` follows no redirect: a followed one would carry the key to another host. */
  async request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    if (this.caller.aborted) throw cancelled();
    return this.client.request(options);
  }

  /** The answer was read to its end: the connection may serve another call. */
  release(): void {
    if (this.settle()) this.afterwards.keep();
  }

  /** Ends the call and its connection, unless it was released. */
  end(reason: Error | null = null): void {
    if (this.settle()) this.afterwards.drop(reason);
  }

  private settle(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    clearTimeout(this.timer);
    this.caller.removeEventListener('abort', this.onCallerLeft);
    return true;
  }
}
