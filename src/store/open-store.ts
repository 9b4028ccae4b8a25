import type { Logger } from 'pino';
import { type Config, ConfigError } from '../config/config.js';
import { AppError, ErrorCode } from '../errors.js';
import { RedisStore } from './redis/store.js';
import { SqliteStore } from './sqlite/store.js';
import { CHECK_BYTES, type Store } from './store.js';

const SQLITE = 'sqlite:';
/** Milliseconds in which Redis may still be connecting. */
const CONNECTING_MS = 2_000;

/** A store that reports its failures as retryable INTERNAL_SERVER_ERRORs and remembers them. */
export interface MonitoredStore extends Store {
  /** Throws after a failure until a check succeeds. Call it before paying for something that has to be stored. */
  ready(): Promise<void>;
  isReachable(): Promise<boolean>;
}

/** A file that cannot be opened is an error of the configuration; a Redis may become reachable later. */
export function openConfiguredStore(
  { store, settings }: Config,
  log: Logger,
  onCall: OnStoreCall,
): MonitoredStore {
  try {
    return openStore(store.url, log, onCall);
  } catch (error) {
    const reason = (error as Error).message;
    throw new ConfigError([`STORE_URL ${settings.get('STORE_URL')} cannot be opened: ${reason}`]);
  }
}

/** Opens the store at STORE_URL. */
export function openStore(url: string, log: Logger, onCall?: OnStoreCall): MonitoredStore {
  return monitor(
    url.startsWith(SQLITE)
      ? new SqliteStore(url.slice(SQLITE.length))
      : new RedisStore(url, ({ message }) => log.warn({ reason: message }, 'the store cannot be reached')),
    new Outage(log),
    onCall,
  );
}

/** Logs the beginning and the end of each outage: a server without traffic has no other line that tells why it is not ready. */
class Outage {
  private readonly openedAt = performance.now();
  private hasWorked = false;
  private isOn = false;

  constructor(private readonly log: Logger) {}

  begin({ message }: Error): void {
    const isConnecting = !this.hasWorked && performance.now() - this.openedAt < CONNECTING_MS;
    if (this.isOn || isConnecting) return;
    this.isOn = true;
    this.log.warn({ reason: message }, 'the store cannot be used');
  }

  end(): void {
    if (this.isOn) this.log.info('the store can be used again');
    this.isOn = false;
    this.hasWorked = true;
  }
}

/** Called after each call of a store method. */
export type OnStoreCall = (method: string, ok: boolean, durationMs: number) => void;

type Method = (...args: unknown[]) => Promise<unknown>;

function monitor(store: Store, outage: Outage, onCall?: OnStoreCall): MonitoredStore {
  // Unknown until the first check.
  let isFailing = true;
  let checking: Promise<void> | undefined;
  // Checks write as much as the failed write: a smaller one may still succeed.
  let checkBytes = CHECK_BYTES;
  const monitored =
    (target: object, name: string, method: Method): Method =>
    async (...args) => {
      const startedAt = performance.now();
      let ok = false;
      try {
        const result = await method.apply(target, args);
        ok = true;
        return result;
      } catch (error) {
        isFailing = true;
        checkBytes = Math.max(checkBytes, JSON.stringify(args).length);
        outage.begin(error as Error);
        throw storeError(error);
      } finally {
        onCall?.(name, ok, performance.now() - startedAt);
      }
    };
  const monitorAll = <T extends object>(target: T): T => {
    const names = Object.getOwnPropertyNames(Object.getPrototypeOf(target));
    const methods = names.map((name) => [name, monitored(target, name, Reflect.get(target, name) as Method)]);
    return Object.fromEntries(methods);
  };
  const methods = { ...monitorAll(store), runs: monitorAll(store.runs) } as MonitoredStore;
  const { check } = methods;
  const checkOnce = async () => {
    await check(checkBytes);
    isFailing = false;
    outage.end();
    checkBytes = CHECK_BYTES;
  };
  methods.check = () => {
    checking ??= checkOnce().finally(() => {
      checking = undefined;
    });
    return checking;
  };
  methods.isReachable = () =>
    methods.check().then(
      () => true,
      () => false,
    );
  methods.ready = async () => (isFailing ? methods.check() : undefined);
  return methods;
}

function storeError(cause: unknown): AppError {
  const message = 'The server’s store is temporarily unavailable. Try again later.';
  return new AppError(ErrorCode.INTERNAL_SERVER_ERROR, message, { retryable: true, cause });
}
