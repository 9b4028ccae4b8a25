import type { Logger } from 'pino';
import { type Config, ConfigError } from '../config/config.js';
import { AppError, ErrorCode } from '../errors.js';
import { RedisStore } from './redis/store.js';
import { SqliteStore } from './sqlite/store.js';
import { CHECK_BYTES, type Store } from './store.js';

const SQLITE = 'sqlite:';

/** A store whose failures are INTERNAL_SERVER_ERROR, which may be tried again. */
export interface WatchedStore extends Store {
  /**
   * Throws where something has failed, until a check of the store has succeeded; for who is about to spend money on what could
   * then not be kept.
   */
  ready(): Promise<void>;
  isReachable(): Promise<boolean>;
}

/** A file that cannot be opened is an error of the configuration; a Redis may become reachable later. */
export function openConfiguredStore({ registry, settings }: Config, log: Logger, onUse: OnUse): WatchedStore {
  try {
    return openStore(registry.storeUrl, log, onUse);
  } catch (error) {
    const reason = (error as Error).message;
    throw new ConfigError([`STORE_URL ${settings.get('STORE_URL')} cannot be opened: ${reason}`]);
  }
}

/** The store that STORE_URL names. */
export function openStore(url: string, log: Logger, onUse?: OnUse): WatchedStore {
  return watch(
    url.startsWith(SQLITE)
      ? new SqliteStore(url.slice(SQLITE.length))
      : new RedisStore(url, ({ message }) => log.warn({ reason: message }, 'the registry cannot be reached')),
    onUse,
  );
}

/** Told of each thing that a store was asked, by the name of the method. */
export type OnUse = (method: string, ok: boolean, durationMs: number) => void;

type Method = (...args: unknown[]) => Promise<unknown>;

function watch(store: Store, onUse?: OnUse): WatchedStore {
  // Until the first check nobody knows.
  let isFailing = true;
  let checking: Promise<void> | undefined;
  // As much as the write that failed: a smaller one may still fit.
  let bytes = CHECK_BYTES;
  const watched =
    (name: string, method: Method): Method =>
    async (...args) => {
      const began = performance.now();
      let isDone = false;
      try {
        const result = await method.apply(store, args);
        isDone = true;
        return result;
      } catch (error) {
        isFailing = true;
        bytes = Math.max(bytes, JSON.stringify(args).length);
        throw storeError(error);
      } finally {
        onUse?.(name, isDone, performance.now() - began);
      }
    };
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(store)).map((name) => [
    name,
    watched(name, Reflect.get(store, name)),
  ]);
  const all: WatchedStore = Object.fromEntries(methods);
  const { check } = all;
  const checkOnce = async () => {
    await check(bytes);
    isFailing = false;
    bytes = CHECK_BYTES;
  };
  all.check = () => {
    checking ??= checkOnce().finally(() => {
      checking = undefined;
    });
    return checking;
  };
  all.isReachable = () =>
    all.check().then(
      () => true,
      () => false,
    );
  all.ready = async () => (isFailing ? all.check() : undefined);
  return all;
}

function storeError(cause: unknown): AppError {
  const message = 'The registry of contexts cannot be reached just now. Try again later.';
  return new AppError(ErrorCode.INTERNAL_SERVER_ERROR, message, { retryable: true, cause });
}
