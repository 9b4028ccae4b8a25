import { ContextCacheError, networkError } from './errors.js';

/** Names and values, or a function that returns them for each request or connection, e.g. with a fresh token. */
export type HeadersOption =
  | Record<string, string>
  | (() => Record<string, string> | Promise<Record<string, string>>);

/**
 * With names in lower case, as the server expects those of a WebSocket. If they cannot be made, that counts as a lost connection,
 * because a token may need the network, too.
 */
export async function headersOf(option: HeadersOption = {}): Promise<Record<string, string>> {
  try {
    const headers = typeof option === 'function' ? await option() : option;
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  } catch (cause) {
    if (cause instanceof ContextCacheError) throw cause;
    throw networkError('The headers could not be made.', cause);
  }
}
